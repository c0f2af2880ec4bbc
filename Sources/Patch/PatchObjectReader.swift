internal import CElf

/// Reads the object of an artifact out of its ELF file, and checks what it refers to.
struct PatchObjectReader {
  private let elf: ElfFile
  /// For each section of the file its place among the loaded ones.
  private let loadedIndex: [Int?]
  /// The loaded sections' numbers in the file and their kinds.
  private let loaded: [(section: ElfSection, kind: PatchSection.Kind)]

  /// Checks the headers and sorts the sections.
  init(_ elf: ElfFile) throws(DamagedArtifact) {
    self.elf = elf
    guard Int32(elf.type) == ET_REL else {
      throw DamagedArtifact(field: "e_type", offset: 16, found: "\(elf.type)", allowed: "ET_REL, a relocatable object")
    }
    guard Int32(elf.machine) == EM_X86_64 else {
      throw DamagedArtifact(.unsupported, field: "e_machine", offset: 18, found: "\(elf.machine)", allowed: "x86-64")
    }
    var loadedIndex: [Int?] = []
    var loaded: [(section: ElfSection, kind: PatchSection.Kind)] = []
    var total: UInt64 = 0
    for section in elf.sections {
      guard let kind = try PatchObjectReader.kind(of: section) else {
        loadedIndex.append(nil)
        continue
      }
      // Each alone is bounded before the sum, so that it cannot overflow.
      guard section.size <= PatchLimits.loadedSize, section.alignment <= ImageLayout.pageSize else {
        throw DamagedArtifact(
          field: "section \(section.index) (\(section.name))", offset: section.offset,
          found: "\(section.size) bytes aligned to \(section.alignment)",
          allowed: "at most \(PatchLimits.loadedSize) bytes aligned to at most a page")
      }
      total += section.size
      guard total <= PatchLimits.loadedSize else {
        throw DamagedArtifact(
          field: "section \(section.index) (\(section.name)) sh_size", found: "\(total) bytes to load so far",
          allowed: "at most \(PatchLimits.loadedSize) bytes in all")
      }
      loadedIndex.append(loaded.count)
      loaded.append((section, kind))
    }
    self.loadedIndex = loadedIndex
    self.loaded = loaded
  }

  /// What a section is to become; nil for one that is not loaded.
  private static func kind(of section: ElfSection) throws(DamagedArtifact) -> PatchSection.Kind? {
    let flags = section.flags
    func refused(_ found: String, _ allowed: String) -> DamagedArtifact {
      DamagedArtifact(
        .unsupported, field: "section \(section.index) (\(section.name))", offset: section.offset, found: found,
        allowed: allowed)
    }
    guard flags & UInt64(SHF_ALLOC) != 0 else { return nil }
    guard flags & UInt64(SHF_TLS) == 0 else {
      throw refused("a thread-local variable of the replacement's own", "thread-local variables of the target only")
    }
    guard flags & UInt64(SHF_COMPRESSED) == 0 else { throw refused("compressed content", "plain content") }
    switch section.type {
    case UInt32(SHT_NOTE): return nil
    case UInt32(SHT_PROGBITS), UInt32(SHT_NOBITS), UInt32(SHT_X86_64_UNWIND): break
    case UInt32(SHT_INIT_ARRAY), UInt32(SHT_FINI_ARRAY), UInt32(SHT_PREINIT_ARRAY):
      throw refused("a constructor or destructor", "no code that would have to run at load or exit")
    // SFrame stack traces (binutils 2.40): nothing reads them from an image.
    case 0x6fff_fff4: return nil
    default:
      throw refused("section type \(section.type)", "SHT_PROGBITS, SHT_NOBITS, SHT_NOTE or call-frame information")
    }
    let constructors = [".ctors", ".dtors", ".init", ".fini", ".init_array", ".fini_array", ".preinit_array"]
    guard !constructors.contains(where: { section.name == $0 || section.name.hasPrefix($0 + ".") }) else {
      throw refused("a constructor or destructor", "no code that would have to run at load or exit")
    }
    let isWritable = flags & UInt64(SHF_WRITE) != 0
    let isZero = section.type == UInt32(SHT_NOBITS)
    if flags & UInt64(SHF_EXECINSTR) != 0 {
      guard !isWritable, !isZero else { throw refused("writable or empty code", "code that is not writable") }
      return .text
    }
    if section.name == ".eh_frame" { return .unwind }
    if isZero { return .zero }
    // Constants that hold addresses; the image is filled before it is mapped, so they need never be writable.
    if section.name == ".data.rel.ro" || section.name.hasPrefix(".data.rel.ro.") { return .readOnly }
    return isWritable ? .data : .readOnly
  }

  /// The bytes of `.lpatch.info`.
  func info() throws(DamagedArtifact) -> [UInt8] {
    let name = ".lpatch.info"
    let found = elf.sections.filter { $0.name == name }
    guard let section = found.first, found.count == 1 else {
      throw DamagedArtifact(field: name, found: "\(found.count) sections of that name", allowed: "one")
    }
    guard section.type == UInt32(SHT_PROGBITS), section.flags & UInt64(SHF_ALLOC) == 0, section.size > 0,
      section.size <= PatchLimits.infoSize
    else {
      throw DamagedArtifact(
        field: name, offset: section.offset,
        found: "section type \(section.type), flags \(section.flags), \(section.size) bytes",
        allowed: "SHT_PROGBITS, not loaded, 1 to \(PatchLimits.infoSize) bytes")
    }
    return try content(of: section)
  }

  /// The sections, symbols and relocations, each undefined symbol resolved by what the description says.
  func object(for info: PatchInfo) throws(DamagedArtifact) -> PatchObject {
    let table = try symbolTable()
    let elfSymbols: [ElfSymbol]
    do { elfSymbols = try elf.symbols(.full) } catch { throw DamagedArtifact(error) }
    var commons = CommonSection(index: loaded.count)
    let symbols = try PatchSymbolReader(
      elf: elf, loadedIndex: loadedIndex, tableOffset: table.map { elf.sections[$0].offset } ?? 0
    ).symbols(elfSymbols, for: info, commons: &commons)
    let relocations = try PatchRelocationReader(elf: elf, table: table, symbolCount: symbols.count)
      .relocations(of: loaded.map(\.section), loadedIndex: loadedIndex)
    var sections: [PatchSection] = []
    for (index, entry) in loaded.enumerated() {
      let bytes = try content(of: entry.section)
      if entry.kind == .unwind { try UnwindRecords.check(bytes, section: entry.section) }
      sections.append(
        PatchSection(
          name: entry.section.name, kind: entry.kind, alignment: max(entry.section.alignment, 1),
          size: entry.section.size, content: bytes, relocations: relocations[index]))
    }
    if let common = commons.section { sections.append(common) }
    return PatchObject(sections: sections, symbols: symbols)
  }

  /// The index of the symbol table; nil where there is none.
  private func symbolTable() throws(DamagedArtifact) -> Int? {
    let tables = elf.sections.filter { $0.type == UInt32(SHT_SYMTAB) }
    guard tables.count <= 1 else {
      throw DamagedArtifact(field: "sections", found: "\(tables.count) symbol tables", allowed: "one")
    }
    guard let table = tables.first else { return nil }
    guard table.size / 24 <= PatchLimits.symbols,
      table.link < elf.sections.count, elf.sections[Int(table.link)].size <= PatchLimits.stringsSize
    else {
      throw DamagedArtifact(
        field: "section \(table.index) (\(table.name))", offset: table.offset,
        found: "\(table.size / 24) symbols, sh_link \(table.link)",
        allowed: "at most \(PatchLimits.symbols) symbols and a string table of at most \(PatchLimits.stringsSize) bytes"
      )
    }
    return table.index
  }

  private func content(of section: ElfSection) throws(DamagedArtifact) -> [UInt8] {
    do { return try elf.content(of: section) } catch { throw DamagedArtifact(error) }
  }
}
