internal import CElf
internal import Patch

/// A compiler's object file, read for comparing and cutting: every section by what stands in it and what it refers to.
struct RelocatableObject: Sendable {
  /// A place in a section that the linker fills in.
  struct Reference: Equatable, Sendable {
    let offset: Int
    let type: X86_64RelocationType
    /// The index in ``RelocatableObject/symbols``.
    let symbol: Int
    let addend: Int64
  }

  /// A section that is loaded.
  struct Section: Sendable {
    let header: ElfSection
    /// Empty for `SHT_NOBITS`.
    let content: [UInt8]
    /// By offset.
    let references: [Reference]
    /// The named symbols that are defined in it, by value; the indices in ``RelocatableObject/symbols``.
    let symbols: [Int]

    var isCode: Bool { header.flags & UInt64(SHF_EXECINSTR) != 0 }
    /// Whether the program may write to it: what only the dynamic linker does (RELRO) is constant.
    var isWritable: Bool { header.flags & UInt64(SHF_WRITE) != 0 && !header.name.hasPrefix(".data.rel.ro") }
    /// Whether the linker merges equal entries: strings, or constants of ``ElfSection/entrySize`` bytes.
    var isMerged: Bool { header.flags & UInt64(SHF_MERGE) != 0 }
    var holdsStrings: Bool { header.flags & UInt64(SHF_STRINGS) != 0 }
    /// Whether other files may have the same, and the linker keeps one of them (gABI, "Section Groups", COMDAT).
    var isInGroup: Bool { header.flags & UInt64(SHF_GROUP) != 0 }
    var isUnwind: Bool { header.name == ".eh_frame" }
    var isOfHandlers: Bool { header.name.hasPrefix(".gcc_except_table") }
    /// Whether compilers make sections of the name, and refer to what they put there.
    var isOfCompiler: Bool {
      [
        ".text", ".data", ".bss", ".rodata", ".tdata", ".tbss", ".eh_frame", ".gcc_except_table", ".init_array",
        ".fini_array",
      ]
      .contains { header.name == $0 || header.name.hasPrefix($0 + ".") }
    }

    /// Whether a reference is the distance of a direct call or jump.
    func isBranch(_ reference: Reference) -> Bool {
      isCode && reference.type.isBranch(at: reference.offset, in: content)
    }
  }

  /// In the table's order; nil for what is not loaded.
  let sections: [Section?]
  /// As in the file, the null symbol first so that a relocation's number is an index.
  let symbols: [ElfSymbol]

  /// Reads an object.
  ///
  /// - Throws: a refusal for what is not an x86-64 object, or is one of the link-time optimiser.
  init(path: String) throws(BuildRefused) {
    do throws(DamagedElf) {
      let elf = try ElfFile(path: path)
      guard elf.type == UInt16(ET_REL), elf.machine == UInt16(EM_X86_64) else {
        throw DamagedElf(
          field: "e_type, e_machine", found: "\(elf.type), \(elf.machine)", allowed: "an object for x86-64")
      }
      guard !elf.sections.contains(where: { $0.name.hasPrefix(".gnu.lto_") }) else {
        throw DamagedElf(
          field: "sections", found: "code for the link-time optimiser", allowed: "code for the processor")
      }
      let symbols = try [ElfSymbol.null] + elf.symbols(.full)
      var defined = [[Int]](repeating: [], count: elf.sections.count)
      for (index, symbol) in symbols.enumerated() {
        guard case .section(let section) = symbol.place, symbol.type != .section, symbol.hasName,
          defined.indices.contains(section)
        else { continue }
        let (end, overflow) = symbol.value.addingReportingOverflow(symbol.size)
        guard !overflow, end <= elf.sections[section].size else {
          throw DamagedElf(
            field: "symbol \(symbol.name)", found: "\(symbol.size) bytes from \(symbol.value)",
            allowed: "what lies within \(elf.sections[section].name)")
        }
        defined[section].append(index)
      }
      var references = [[Reference]](repeating: [], count: elf.sections.count)
      for table in elf.sections where table.type == UInt32(SHT_RELA) && Int(table.info) < elf.sections.count {
        let target = elf.sections[Int(table.info)]
        references[target.index] = try elf.relocations(in: table, of: target, symbolCount: symbols.count - 1)
          .map {
            Reference(offset: Int($0.offset), type: $0.type, symbol: $0.symbol.map { $0 + 1 } ?? 0, addend: $0.addend)
          }.sorted { ($0.offset, $0.symbol) < ($1.offset, $1.symbol) }
      }
      var sections: [Section?] = []
      for header in elf.sections {
        guard header.flags & UInt64(SHF_ALLOC) != 0, header.type != UInt32(SHT_NOTE) else {
          sections.append(nil)
          continue
        }
        sections.append(
          Section(
            header: header, content: try elf.content(of: header), references: references[header.index],
            symbols: defined[header.index].sorted { (symbols[$0].value, $0) < (symbols[$1].value, $1) }))
      }
      self.sections = sections
      self.symbols = symbols
    } catch {
      throw BuildRefused(.notAnObject(why: error.text), at: path)
    }
  }

  /// The functions that it defines: the indices in ``symbols``, the parts that the compiler put elsewhere (`NAME.cold`) left out.
  var functions: [Int] {
    symbols.indices.filter { index in
      let symbol = symbols[index]
      return symbol.type == .function && section(of: symbol)?.isCode ?? false
        && RelocatableObject.parent(of: symbol.name) == nil
    }
  }

  /// Whether it defines a name.
  func defines(_ name: String) -> Bool { symbols.contains { $0.name == name && $0.isDefined } }

  /// Whether it defines a name that other files can refer to.
  func definesForOthers(_ name: String) -> Bool {
    symbols.contains { $0.name == name && $0.isDefined && $0.binding != .local }
  }

  /// The symbol of something that other files may define, too, and that the linker keeps once; nil for all else.
  func symbolInGroup(named name: String) -> ElfSymbol? {
    symbols.first { $0.name == name && $0.isDefined && section(of: $0)?.isInGroup == true }
  }

  /// The function of a name that it defines; the index in ``symbols``.
  func function(named name: String) -> Int? {
    symbols.firstIndex { $0.name == name && $0.type == .function && $0.isDefined }
  }

  /// The section that a symbol is defined in; nil where it is in none that is loaded.
  func section(of symbol: ElfSymbol) -> Section? {
    if case .section(let number) = symbol.place { sections[number] } else { nil }
  }

  /// The function that a part belongs to: `f` for `f.cold`; nil for what is no part.
  static func parent(of name: String) -> String? {
    name.hasSuffix(".cold") ? String(name.dropLast(5)) : nil
  }

  /// The names of all that stands where something stands, itself included.
  func namesakes(of index: Int) -> [String] {
    let symbol = symbols[index]
    return (section(of: symbol)?.symbols ?? []).map { symbols[$0] }
      .filter { $0.value == symbol.value && $0.type == symbol.type }.map(\.name)
  }

  /// The name of a variable as the source has it: without the compiler's number, and without its function (clang's `f.count`).
  static func plainName(_ name: String) -> String {
    let plain = staticLocal(name) ?? name
    return plain.lastIndex(of: ".").map { String(plain[plain.index(after: $0)...]) } ?? plain
  }

  /// The order of static variables of functions: by name, then by number.
  static func isBefore(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count || staticLocal(a) != staticLocal(b) ? a < b : a.utf8.count < b.utf8.count
  }

  /// The name of a static variable of a function without the compiler's number: `count` for `count.3`; nil where there is none.
  static func staticLocal(_ name: String) -> String? {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
    let number = name[name.index(after: dot)...]
    return !number.isEmpty && number.allSatisfy(\.isWholeNumber) ? String(name[..<dot]) : nil
  }
}

extension ElfSymbol {
  /// Whether it has a name that means something: labels that the compiler makes up (`.L.str.3`) mean another thing each time.
  var hasName: Bool { !name.isEmpty && !name.hasPrefix(".L") }

  /// Whether it is a compiler's own word with the address of a function that its tables of handlers name.
  var isOfCompiler: Bool { name.hasPrefix("DW.ref.") }
}

extension [ElfSymbol] {
  /// The names that a file refers to and does not define.
  var needed: Set<String> { Set(filter { $0.place == .undefined }.map(\.name)) }
}
