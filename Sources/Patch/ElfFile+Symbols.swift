internal import CElf

extension ElfFile {
  /// Which table of symbols.
  package enum SymbolTableKind: Sendable {
    /// `.symtab`: everything; stripped from what distributions ship.
    case full
    /// `.dynsym`: what the dynamic linker needs, with versions.
    case dynamic
  }

  /// The symbols of a table, in its order, the null symbol left out; empty when the file has no such table.
  package func symbols(_ kind: SymbolTableKind) throws(DamagedElf) -> [ElfSymbol] {
    let type = kind == .full ? SHT_SYMTAB : SHT_DYNSYM
    guard let table = sections.first(where: { $0.type == type }) else { return [] }
    let name = "section \(table.index) (\(table.name))"
    guard table.entrySize == 24, table.size % 24 == 0 else {
      throw DamagedElf(
        field: "\(name) sh_entsize", found: "\(table.size) bytes in entries of \(table.entrySize)",
        allowed: "whole entries of 24 bytes")
    }
    guard table.link < sections.count, sections[Int(table.link)].type == SHT_STRTAB else {
      throw DamagedElf(field: "\(name) sh_link", found: "\(table.link)", allowed: "the index of a string table")
    }
    let stringSection = sections[Int(table.link)]
    let strings = try ElfStrings(source, "\(name) names", at: stringSection.offset, count: stringSection.size)
    let versions = kind == .dynamic ? try symbolVersions() : ElfVersions()
    let fields = ElfFields(bytes: try content(of: table), fileOffset: table.offset, name: name)
    var symbols: [ElfSymbol] = []
    // Many symbols can point to one long name: the sum of all names is bounded, not only each.
    var budget = Int(16 * min(stringSection.size, ElfSource.pieceLimit)) + 64 << 20
    let count = fields.bytes.count / 24
    symbols.reserveCapacity(count)
    for index in 1..<max(count, 1) {
      let at = index * 24
      let info: UInt8 = try fields.little("st_info", at: at + 4)
      let other: UInt8 = try fields.little("st_other", at: at + 5)
      let text = try strings.string("symbol \(index) st_name", at: try fields.little("st_name", at: at))
      budget -= text.utf8.count
      guard budget >= 0 else {
        throw DamagedElf(
          field: "\(name) names", offset: table.offset + UInt64(at), found: "one name for very many symbols",
          allowed: "names of at most 16 times their table and 64 MiB in all")
      }
      let version = versions.version(of: index)
      symbols.append(
        ElfSymbol(
          index: index, name: text, value: try fields.little("st_value", at: at + 8),
          size: try fields.little("st_size", at: at + 16),
          type: ElfSymbol.Kind(info & 15), binding: ElfSymbol.Binding(info >> 4),
          visibility: ElfSymbol.Visibility(rawValue: other & 3) ?? .default,
          place: try symbolPlace(
            try fields.little("st_shndx", at: at + 6), of: index, at: table.offset + UInt64(at) + 6),
          version: version?.name, isDefaultVersion: version?.isDefault ?? true))
    }
    return symbols
  }

  private func symbolPlace(_ number: UInt16, of symbol: Int, at offset: UInt64) throws(DamagedElf) -> ElfSymbol.Place {
    switch Int32(number) {
    case SHN_UNDEF: return .undefined
    case SHN_ABS: return .absolute
    case SHN_COMMON: return .common
    case SHN_LORESERVE...: return .other(number)
    default:
      guard sections.isEmpty || Int(number) < sections.count else {
        throw DamagedElf(
          field: "symbol \(symbol) st_shndx", offset: offset, found: "\(number)",
          allowed: "below \(sections.count), the number of sections")
      }
      return .section(Int(number))
    }
  }
}

extension ElfSymbol.Kind {
  init(_ number: UInt8) {
    switch Int32(number) {
    case STT_NOTYPE: self = .none
    case STT_OBJECT: self = .object
    case STT_FUNC: self = .function
    case STT_SECTION: self = .section
    case STT_FILE: self = .file
    case STT_COMMON: self = .common
    case STT_TLS: self = .threadLocal
    case STT_GNU_IFUNC: self = .indirectFunction
    default: self = .other(number)
    }
  }
}

extension ElfSymbol.Binding {
  init(_ number: UInt8) {
    switch Int32(number) {
    case STB_LOCAL: self = .local
    case STB_GLOBAL: self = .global
    case STB_WEAK: self = .weak
    case STB_GNU_UNIQUE: self = .unique
    default: self = .other(number)
    }
  }
}
