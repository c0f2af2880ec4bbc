internal import CElf

/// An ELF64 little-endian file: its headers, read and checked; tables and contents on demand.
///
/// For the files of targets (executables, libraries, debug files) and for artifacts alike. It is read with checks of its own, not
/// through libelf, because the files come from the mount namespaces of others and libelf hands out pointers into them.
package struct ElfFile: Sendable {
  /// What the file is (`e_type`), such as `ET_DYN`.
  package let type: UInt16
  /// `e_machine`, such as `EM_X86_64`.
  package let machine: UInt16
  /// `e_entry`.
  package let entry: LinkAddress
  /// The program headers, in the file's order.
  package let segments: [ElfSegment]
  /// The section headers, in the file's order, the null section included; empty where the file has none.
  package let sections: [ElfSection]
  /// The size of the file in bytes.
  package var size: UInt64 { source.size }

  let source: ElfSource

  /// The most sections that are accepted: below `SHN_LORESERVE`, so that no extended numbering is needed.
  package static let sectionLimit = 65_000
  /// The longest name of a symbol or library that is accepted, in bytes.
  package static let nameLimit = 16_384

  /// The longest name of a section, in bytes; there can be ``sectionLimit`` of them.
  package static let sectionNameLimit = 1024

  /// Opens a file; it stays open as long as the value lives.
  package init(path: String) throws(DamagedElf) {
    try self.init(source: ElfSource(path: path))
  }

  /// Reads a file that is in memory.
  package init(bytes: [UInt8]) throws(DamagedElf) {
    try self.init(source: ElfSource(bytes: bytes))
  }

  private init(source: ElfSource) throws(DamagedElf) {
    self.source = source
    let header = ElfFields(
      bytes: try source.read("ELF header", at: 0, count: 64), fileOffset: 0, name: "ELF header")
    try header.expect(
      "e_ident", at: 0, [0x7f, 0x45, 0x4c, 0x46, UInt8(ELFCLASS64), UInt8(ELFDATA2LSB), UInt8(EV_CURRENT)],
      allowed: "7f454c46 and ELF64, little-endian, version 1")
    type = try header.little("e_type", at: 16)
    machine = try header.little("e_machine", at: 18)
    entry = LinkAddress(try header.little("e_entry", at: 24))
    segments = try ElfFile.readSegments(source, header)
    sections = try ElfFile.readSections(source, header)
  }

  private static func readSegments(_ source: ElfSource, _ header: ElfFields) throws(DamagedElf) -> [ElfSegment] {
    let count: UInt16 = try header.little("e_phnum", at: 56)
    guard count > 0 else { return [] }
    let entrySize: UInt16 = try header.little("e_phentsize", at: 54)
    guard entrySize == 56 else {
      throw DamagedElf(field: "e_phentsize", offset: 54, found: "\(entrySize)", allowed: "56")
    }
    // PN_XNUM (0xffff) would move the count into section 0; no file with that many segments is in use.
    guard count < 0xffff else {
      throw DamagedElf(field: "e_phnum", offset: 56, found: "\(count)", allowed: "fewer than 65535")
    }
    let start: UInt64 = try header.little("e_phoff", at: 32)
    let table = ElfFields(
      bytes: try source.read("e_phoff", at: start, count: UInt64(count) * 56), fileOffset: start, name: "program header"
    )
    var segments: [ElfSegment] = []
    for index in 0..<Int(count) {
      let at = index * 56
      let segment = ElfSegment(
        type: try table.little("p_type", at: at), flags: try table.little("p_flags", at: at + 4),
        offset: try table.little("p_offset", at: at + 8),
        address: LinkAddress(try table.little("p_vaddr", at: at + 16)),
        fileSize: try table.little("p_filesz", at: at + 32), memorySize: try table.little("p_memsz", at: at + 40),
        alignment: try table.little("p_align", at: at + 48))
      let (memoryEnd, overflow) = segment.address.value.addingReportingOverflow(segment.memorySize)
      guard !overflow, segment.alignment & (segment.alignment &- 1) == 0 || segment.alignment == 0 else {
        throw DamagedElf(
          field: "program header \(index)", offset: start + UInt64(at),
          found: "address \(segment.address), size \(segment.memorySize), alignment \(segment.alignment)",
          allowed: "an extent within the address space (it ends at \(memoryEnd)), an alignment that is a power of two")
      }
      segments.append(segment)
    }
    return segments
  }

  private static func readSections(_ source: ElfSource, _ header: ElfFields) throws(DamagedElf) -> [ElfSection] {
    let start: UInt64 = try header.little("e_shoff", at: 40)
    guard start != 0 else { return [] }
    let entrySize: UInt16 = try header.little("e_shentsize", at: 58)
    let count: UInt16 = try header.little("e_shnum", at: 60)
    guard entrySize == 64 else {
      throw DamagedElf(field: "e_shentsize", offset: 58, found: "\(entrySize)", allowed: "64")
    }
    guard count > 0, count <= sectionLimit else {
      throw DamagedElf(field: "e_shnum", offset: 60, found: "\(count)", allowed: "1 to \(sectionLimit)")
    }
    let table = ElfFields(
      bytes: try source.read("e_shoff", at: start, count: UInt64(count) * 64), fileOffset: start, name: "section header"
    )
    let nameIndex: UInt16 = try header.little("e_shstrndx", at: 62)
    guard nameIndex < count else {
      throw DamagedElf(field: "e_shstrndx", offset: 62, found: "\(nameIndex)", allowed: "below e_shnum, \(count)")
    }
    let names = try ElfStrings(
      source, "section names", at: try table.little("sh_offset", at: Int(nameIndex) * 64 + 24),
      count: try table.little("sh_size", at: Int(nameIndex) * 64 + 32))
    var sections: [ElfSection] = []
    for index in 0..<Int(count) {
      let at = index * 64
      let section = ElfSection(
        index: index,
        name: try names.string(
          "section \(index) sh_name", at: try table.little("sh_name", at: at), limit: sectionNameLimit),
        type: try table.little("sh_type", at: at + 4), flags: try table.little("sh_flags", at: at + 8),
        address: LinkAddress(try table.little("sh_addr", at: at + 16)),
        offset: try table.little("sh_offset", at: at + 24), size: try table.little("sh_size", at: at + 32),
        link: try table.little("sh_link", at: at + 40), info: try table.little("sh_info", at: at + 44),
        alignment: try table.little("sh_addralign", at: at + 48), entrySize: try table.little("sh_entsize", at: at + 56)
      )
      try check(section, headerAt: start + UInt64(at), fileSize: source.size)
      sections.append(section)
    }
    return sections
  }

  private static func check(_ section: ElfSection, headerAt header: UInt64, fileSize: UInt64) throws(DamagedElf) {
    let name = "section \(section.index) (\(section.name))"
    guard section.alignment & (section.alignment &- 1) == 0 || section.alignment == 0 else {
      throw DamagedElf(
        field: "\(name) sh_addralign", offset: header + 48, found: "\(section.alignment)",
        allowed: "0 or a power of two")
    }
    let (_, addressOverflow) = section.address.value.addingReportingOverflow(section.size)
    guard !addressOverflow else {
      throw DamagedElf(
        field: "\(name) sh_size", offset: header + 32, found: "\(section.size) bytes at \(section.address)",
        allowed: "an extent within the address space")
    }
    guard section.type != SHT_NOBITS, section.type != SHT_NULL else { return }
    let (end, overflow) = section.offset.addingReportingOverflow(section.size)
    guard !overflow, end <= fileSize else {
      throw DamagedElf(
        field: "\(name) sh_offset", offset: header + 24, found: "\(section.size) bytes from offset \(section.offset)",
        allowed: "what lies within the file's \(fileSize) bytes")
    }
  }
}
