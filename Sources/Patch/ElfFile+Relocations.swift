internal import CElf

extension ElfFile {
  /// The relocations of a section (`SHT_RELA`), in the table's order, each of a field within the section and of a known symbol.
  ///
  /// `table`: the section with the relocations.
  /// `target`: the section that they fill in.
  /// `symbolCount`: how many symbols there are, the null symbol left out.
  package func relocations(
    in table: ElfSection, of target: ElfSection, symbolCount: Int
  ) throws(DamagedElf) -> [PatchRelocation] {
    let name = "section \(table.index) (\(table.name))"
    let fields = ElfFields(bytes: try content(of: table), fileOffset: table.offset, name: name)
    var relocations: [PatchRelocation] = []
    let count = fields.bytes.count / 24
    relocations.reserveCapacity(count)
    for index in 0..<count {
      let at = index * 24
      let offset: UInt64 = try fields.little("r_offset", at: at)
      let info: UInt64 = try fields.little("r_info", at: at + 8)
      let type = X86_64RelocationType(UInt32(truncatingIfNeeded: info))
      let (end, overflow) = offset.addingReportingOverflow(type.fieldSize)
      guard !overflow, end <= target.size else {
        throw DamagedElf(
          field: "\(name) relocation \(index) r_offset", offset: table.offset + UInt64(at),
          found: "\(type.name) at \(offset)", allowed: "a field within the \(target.size) bytes of \(target.name)")
      }
      let symbol = info >> 32
      guard symbol <= UInt64(symbolCount) else {
        throw DamagedElf(
          field: "\(name) relocation \(index) r_info", offset: table.offset + UInt64(at) + 8,
          found: "symbol \(symbol)", allowed: "at most \(symbolCount)")
      }
      relocations.append(
        PatchRelocation(
          offset: offset, type: type, symbol: symbol == 0 ? nil : Int(symbol) - 1,
          addend: try fields.little("r_addend", at: at + 16)))
    }
    return relocations
  }
}
