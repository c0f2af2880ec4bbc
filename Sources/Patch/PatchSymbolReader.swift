internal import CElf

/// Resolves the symbols of an artifact's object.
struct PatchSymbolReader {
  let elf: ElfFile
  let loadedIndex: [Int?]
  /// Where the symbol table begins in the file.
  let tableOffset: UInt64

  func symbols(
    _ symbols: [ElfSymbol], for info: PatchInfo, commons: inout CommonSection
  ) throws(DamagedArtifact) -> [PatchSymbol] {
    var external: [String: PatchSymbol.Definition] = [:]
    for (index, reference) in info.targetReferences.enumerated() { external[reference.symbol] = .target(index) }
    for (index, reference) in info.imports.enumerated() {
      guard external.updateValue(.imported(index), forKey: reference.symbol) == nil else {
        throw DamagedArtifact(
          field: "info.imports[\(index)].symbol", found: "\(reference.symbol), which is listed twice",
          allowed: "each undefined symbol once, as a target reference or as an import")
      }
    }
    if let name = PatchSymbol.definedByLinker.sorted().first(where: { external[$0] != nil }) {
      throw DamagedArtifact(
        field: "info", found: "\(name), which the linker defines", allowed: "target references and imports without it")
    }
    var unused = external
    var globals: Set<String> = []
    var result: [PatchSymbol] = []
    result.reserveCapacity(symbols.count)
    for symbol in symbols {
      guard symbol.name.utf8.count <= PatchLimits.symbolName else {
        throw trouble(symbol, "st_name", "\(symbol.name.utf8.count) bytes", "at most \(PatchLimits.symbolName) bytes")
      }
      guard symbol.binding == .local || globals.insert(symbol.name).inserted else {
        throw trouble(symbol, "st_name", "a second global symbol of this name", "one")
      }
      if symbol.place == .undefined && symbol.binding != .local { unused[symbol.name] = nil }
      result.append(
        PatchSymbol(
          name: symbol.type == .section ? "" : symbol.name,
          definition: try definition(of: symbol, external: external, info: info, commons: &commons), size: symbol.size,
          isFunction: symbol.type == .function, isLocal: symbol.binding == .local))
    }
    if let name = unused.keys.min() {
      throw DamagedArtifact(
        field: "info", found: "\(name), which the object does not refer to",
        allowed: "target references and imports that are undefined symbols of the object")
    }
    return result
  }

  private func definition(
    of symbol: ElfSymbol, external: [String: PatchSymbol.Definition], info: PatchInfo, commons: inout CommonSection
  ) throws(DamagedArtifact) -> PatchSymbol.Definition {
    switch symbol.binding {
    case .local, .global, .weak: break
    case .unique, .other:
      throw trouble(symbol, "st_info", "binding \(symbol.binding)", "local, global or weak", .unsupported)
    }
    switch symbol.type {
    case .none, .object, .function, .section, .common: break
    case .file: return .unloaded
    case .threadLocal:
      guard symbol.place == .undefined else {
        throw trouble(
          symbol, "st_info", "a thread-local variable of the replacement's own",
          "thread-local variables of the target only", .unsupported)
      }
    case .indirectFunction:
      throw trouble(
        symbol, "st_info", "an indirect function (IFUNC)", "functions whose address is known", .unsupported)
    case .other(let number):
      throw trouble(symbol, "st_info", "type \(number)", "a function, an object or a section")
    }
    switch symbol.place {
    case .undefined: return try undefined(symbol, external: external, info: info)
    case .absolute: return .absolute(symbol.value)
    case .common:
      guard let offset = commons.place(size: max(symbol.size, 1), alignment: symbol.value) else {
        throw trouble(
          symbol, "st_size", "\(symbol.size) bytes aligned to \(symbol.value)",
          "at most \(PatchLimits.loadedSize) bytes in all, aligned to at most a page")
      }
      return .section(commons.index, offset: offset)
    case .other(let number): throw trouble(symbol, "st_shndx", "\(number)", "a section, SHN_ABS or SHN_COMMON")
    case .section(let number):
      let section = elf.sections[number]
      guard let index = loadedIndex[number] else { return .unloaded }
      let (end, overflow) = symbol.value.addingReportingOverflow(symbol.size)
      guard !overflow, end <= section.size else {
        throw trouble(
          symbol, "st_value", "\(symbol.size) bytes from \(symbol.value)",
          "what lies within the \(section.size) bytes of \(section.name)")
      }
      return .section(index, offset: symbol.value)
    }
  }

  private func undefined(
    _ symbol: ElfSymbol, external: [String: PatchSymbol.Definition], info: PatchInfo
  ) throws(DamagedArtifact) -> PatchSymbol.Definition {
    guard symbol.binding != .local else {
      throw trouble(symbol, "st_shndx", "a local symbol without a definition", "a definition")
    }
    guard let definition = external[symbol.name] else {
      if symbol.name == "_GLOBAL_OFFSET_TABLE_" { return .offsetTable }
      if symbol.name == "__tls_get_addr" { return .threadLocalGetter }
      throw trouble(
        symbol, "st_shndx", "undefined, and not described", "a target reference or an import in .lpatch.info")
    }
    let isThreadLocal =
      if case .target(let index) = definition { info.targetReferences[index].kind == .threadLocal } else { false }
    guard symbol.type != .threadLocal || isThreadLocal else {
      throw trouble(
        symbol, "st_info", "a thread-local variable that is not described as one",
        "a target reference of kind threadLocal")
    }
    return definition
  }

  private func trouble(
    _ symbol: ElfSymbol, _ field: String, _ found: String, _ allowed: String, _ kind: DamagedArtifact.Kind = .damaged
  ) -> DamagedArtifact {
    DamagedArtifact(
      kind, field: "symbol \(symbol.index) (\(symbol.name.prefix(200))) \(field)",
      offset: tableOffset &+ UInt64(symbol.index) &* 24, found: found, allowed: allowed)
  }
}
