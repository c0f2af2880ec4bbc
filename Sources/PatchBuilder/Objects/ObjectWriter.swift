internal import CElf
internal import Patch

/// Writes a relocatable ELF file for x86-64 (gABI, chapters 4 to 6 of "Object Files").
struct ObjectWriter {
  struct Section {
    var name: String
    var type: UInt32
    var flags: UInt64
    /// Empty for `SHT_NOBITS`.
    var content: [UInt8]
    var size: UInt64
    var alignment: UInt64
  }

  struct Reference {
    var offset: Int
    var type: X86_64RelocationType
    /// As one of this writer's functions has named it; 0 for none.
    var symbol: Int
    var addend: Int64
  }

  private struct Symbol {
    var name: String
    var info: UInt8
    /// The number of a section as the file counts them; 0 for an undefined one.
    var section: Int
    var value: UInt64
    var size: UInt64
    var isLocal: Bool { info >> 4 == UInt8(STB_LOCAL) }
  }

  private var sections: [Section] = []
  private var references: [[Reference]] = []
  /// By the number that references use, less one.
  private var symbols: [Symbol] = []
  private var sectionSymbols: [Int: Int] = [:]
  private var undefinedSymbols: [String: Int] = [:]
  private var definedSymbols: [Int: Int] = [:]

  /// Adds a section; its number in the file.
  mutating func add(_ section: Section) -> Int {
    sections.append(section)
    references.append([])
    return sections.count
  }

  mutating func add(_ reference: Reference, to section: Int) { references[section - 1].append(reference) }

  /// Defines a symbol.
  ///
  /// `index`: the caller's own number of it, for ``symbol(of:)``.
  mutating func define(
    _ name: String, type: ElfSymbol.Kind, isGlobal: Bool, section: Int, value: UInt64, size: UInt64, index: Int
  ) {
    definedSymbols[index] = append(
      name, type, isGlobal ? STB_GLOBAL : STB_LOCAL, section: section, value: value, size: size)
  }

  /// The symbol that was defined under a number of the caller's; nil when there is none.
  func symbol(of index: Int) -> Int? { definedSymbols[index] }

  /// The symbol of a section.
  mutating func sectionSymbol(_ section: Int) -> Int {
    if let known = sectionSymbols[section] { return known }
    let made = append("", .section, STB_LOCAL, section: section, value: 0, size: 0)
    sectionSymbols[section] = made
    return made
  }

  /// An undefined symbol.
  mutating func undefined(_ name: String, type: ElfSymbol.Kind, isWeak: Bool) -> Int {
    if let known = undefinedSymbols[name] { return known }
    let made = append(name, type, isWeak ? STB_WEAK : STB_GLOBAL, section: 0, value: 0, size: 0)
    undefinedSymbols[name] = made
    return made
  }

  private mutating func append(
    _ name: String, _ type: ElfSymbol.Kind, _ binding: Int32, section: Int, value: UInt64, size: UInt64
  ) -> Int {
    let number: Int32 =
      switch type {
      case .function: STT_FUNC
      case .object: STT_OBJECT
      case .section: STT_SECTION
      case .threadLocal: STT_TLS
      default: STT_NOTYPE
      }
    symbols.append(
      Symbol(name: name, info: UInt8(binding << 4 | number), section: section, value: value, size: size))
    return symbols.count
  }

  /// The file.
  func bytes() -> [UInt8] {
    // Local symbols come first (gABI, "Symbol Table").
    let order = symbols.indices.filter { symbols[$0].isLocal } + symbols.indices.filter { !symbols[$0].isLocal }
    var numbers = [Int](repeating: 0, count: symbols.count + 1)
    for (place, index) in order.enumerated() { numbers[index + 1] = place + 1 }
    var names: [UInt8] = [0]
    var table = [UInt8](repeating: 0, count: 24)
    for index in order {
      let symbol = symbols[index]
      table += UInt32(symbol.name.isEmpty ? 0 : names.count).littleEndianBytes + [symbol.info, 0]
      table += UInt16(symbol.section).littleEndianBytes + symbol.value.littleEndianBytes + symbol.size.littleEndianBytes
      if !symbol.name.isEmpty { names += Array(symbol.name.utf8) + [0] }
    }
    var all = sections
    all.append(
      Section(
        name: ".note.GNU-stack", type: UInt32(SHT_PROGBITS), flags: 0, content: [], size: 0, alignment: 1))
    var links: [Int: (link: Int, info: Int, entry: UInt64)] = [:]
    // Behind these: one table of relocations for each section that has any, the symbols, their names, the sections' names.
    let tables = references.indices.filter { !references[$0].isEmpty }
    let symbolTable = all.count + tables.count + 1
    for index in tables {
      var content: [UInt8] = []
      for reference in references[index].sorted(by: { $0.offset < $1.offset }) {
        content += UInt64(reference.offset).littleEndianBytes
        content += (UInt64(numbers[reference.symbol]) << 32 | UInt64(reference.type.number)).littleEndianBytes
        content += UInt64(bitPattern: reference.addend).littleEndianBytes
      }
      links[all.count + 1] = (symbolTable, index + 1, 24)
      all.append(
        Section(
          name: ".rela" + sections[index].name, type: UInt32(SHT_RELA), flags: UInt64(SHF_INFO_LINK), content: content,
          size: UInt64(content.count), alignment: 8))
    }
    links[symbolTable] = (symbolTable + 1, 1 + symbols.count { $0.isLocal }, 24)
    all.append(ObjectWriter.table(".symtab", SHT_SYMTAB, table, alignment: 8))
    all.append(ObjectWriter.table(".strtab", SHT_STRTAB, names, alignment: 1))
    var sectionNames: [UInt8] = [0]
    var nameOffsets: [Int] = []
    for name in all.map(\.name) + [".shstrtab"] {
      nameOffsets.append(sectionNames.count)
      sectionNames += Array(name.utf8) + [0]
    }
    all.append(ObjectWriter.table(".shstrtab", SHT_STRTAB, sectionNames, alignment: 1))
    return ObjectWriter.file(all, nameOffsets, links)
  }

  private static func table(_ name: String, _ type: Int32, _ content: [UInt8], alignment: UInt64) -> Section {
    Section(
      name: name, type: UInt32(type), flags: 0, content: content, size: UInt64(content.count), alignment: alignment)
  }

  private static func file(
    _ sections: [Section], _ names: [Int], _ links: [Int: (link: Int, info: Int, entry: UInt64)]
  ) -> [UInt8] {
    var body: [UInt8] = []
    var headers = [UInt8](repeating: 0, count: 64)
    for (index, section) in sections.enumerated() {
      while (64 + body.count) % Int(max(section.alignment, 1)) != 0 { body.append(0) }
      let link = links[index + 1]
      headers += UInt32(names[index]).littleEndianBytes + section.type.littleEndianBytes
      headers += section.flags.littleEndianBytes + UInt64(0).littleEndianBytes
      headers += UInt64(64 + body.count).littleEndianBytes + section.size.littleEndianBytes
      headers += UInt32(link?.link ?? 0).littleEndianBytes + UInt32(link?.info ?? 0).littleEndianBytes
      headers += max(section.alignment, 1).littleEndianBytes + (link?.entry ?? 0).littleEndianBytes
      body += section.content
    }
    while body.count % 8 != 0 { body.append(0) }
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, UInt8(ELFCLASS64), UInt8(ELFDATA2LSB), UInt8(EV_CURRENT), 0]
    header += [UInt8](repeating: 0, count: 8)
    header += UInt16(ET_REL).littleEndianBytes + UInt16(EM_X86_64).littleEndianBytes
    header += UInt32(EV_CURRENT).littleEndianBytes + UInt64(0).littleEndianBytes + UInt64(0).littleEndianBytes
    header += UInt64(64 + body.count).littleEndianBytes + UInt32(0).littleEndianBytes
    header += UInt16(64).littleEndianBytes + UInt16(0).littleEndianBytes + UInt16(0).littleEndianBytes
    header += UInt16(64).littleEndianBytes + UInt16(sections.count + 1).littleEndianBytes
    header += UInt16(sections.count).littleEndianBytes
    return header + body + headers
  }
}
