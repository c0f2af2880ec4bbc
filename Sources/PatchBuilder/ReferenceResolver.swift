internal import Patch

/// Finds what a replacement refers to: first in the target, then in the libraries it is linked with.
struct ReferenceResolver {
  let target: TargetImage
  /// Which of several places of one name is meant, by name.
  let choices: [String: String]
  /// Where some symbols are known to lie.
  let known: [String: TargetSymbol]
  private var libraries: LibrarySearch

  private(set) var references: [TargetReference] = []
  private(set) var imports: [ImportReference] = []
  private(set) var refusals: [BuildRefusal] = []

  init(_ target: TargetImage, choices: [String], known: [String: TargetSymbol] = [:]) {
    self.target = target
    self.known = known
    var chosen: [String: String] = [:]
    for choice in choices { chosen[SymbolCatalog.plainName(of: choice)] = choice }
    self.choices = chosen
    libraries = LibrarySearch(target)
  }

  /// Finds one symbol.
  mutating func resolve(_ name: String, weak: Bool) {
    // The linker of the image knows these two by name: its own offset table, and the function whose call it replaces.
    if name == "_GLOBAL_OFFSET_TABLE_" || name == "__tls_get_addr" { return }
    // What a library exports and finds through its offset table may be another's: the process tells whose it is.
    if target.kind == .sharedLibrary, known[name]?.isLocal != true, target.symbolWords.values.contains(name),
      let own = target.dynamicSymbols.first(where: { $0.name == name && $0.isDefined }), own.type != .threadLocal
    {
      return imports.append(ImportReference(name, version: nil, library: target.soname, weak: weak))
    }
    if let place = known[name] { return refer(to: place, as: name) }
    let places = distinct(target.symbols.meant(by: choices[name] ?? name))
    // The resolver of an IFUNC must not be called in its place; what it chose is found in the process.
    if places.count == 1, let place = places.first, place.kind != .indirectFunction {
      return refer(to: place, as: name)
    }
    if places.count > 1 {
      return refusals.append(
        BuildRefusal(place: target.path, symbol: name, reason: .symbolAmbiguous(candidates: places.map(\.unique))))
    }
    if let own = target.dynamicSymbols.first(where: { $0.name == name && !$0.isDefined }) {
      return bring(own, named: name, weak: weak)
    }
    if places.first?.kind == .indirectFunction,
      target.dynamicSymbols.contains(where: { $0.name == name && $0.isDefined })
    {
      // An IFUNC that the target itself exports: the process tells what it chose.
      imports.append(ImportReference(name, version: nil, library: target.soname, weak: weak))
      return
    }
    if let found = libraries.find(name) {
      guard found.symbol.type != .threadLocal else {
        return refusals.append(BuildRefusal(place: found.library, symbol: name, reason: .threadLocalOfLibrary))
      }
      imports.append(ImportReference(name, version: found.symbol.version, library: found.library, weak: weak))
      return
    }
    if weak {
      imports.append(ImportReference(name, version: nil, library: nil, weak: true))
      return
    }
    refusals.append(
      BuildRefusal(
        place: target.path, symbol: name,
        reason: .symbolUnknown(similar: target.symbols.similar(to: name) { $0.kind != .unknown })))
  }

  /// One symbol for each place: several names of one table may be the same.
  private func distinct(_ symbols: [TargetSymbol]) -> [TargetSymbol] {
    var seen: Set<LinkAddress> = []
    return symbols.filter { seen.insert($0.address).inserted }
  }

  private mutating func refer(to place: TargetSymbol, as name: String) {
    guard place.kind == .threadLocal else {
      let isCode = place.kind == .function || place.kind == .unknown && target.isCode(place.address.value)
      return references.append(TargetReference(name, at: place.address, kind: isCode ? .function : .object))
    }
    guard target.kind != .sharedLibrary, let offset = target.elf.threadPointerOffset(ofSymbolValue: place.address.value)
    else {
      return refusals.append(BuildRefusal(place: target.path, symbol: name, reason: .threadLocalOfLibrary))
    }
    references.append(TargetReference(name, at: LinkAddress(UInt64(bitPattern: offset)), kind: .threadLocal))
  }

  /// Takes what the target itself imports, in the version that it asks for.
  private mutating func bring(_ symbol: ElfSymbol, named name: String, weak: Bool) {
    let found = libraries.find(name, version: symbol.version)
    guard symbol.type != .threadLocal && found?.symbol.type != .threadLocal else {
      return refusals.append(BuildRefusal(place: target.path, symbol: name, reason: .threadLocalOfLibrary))
    }
    imports.append(ImportReference(name, version: symbol.version, library: found?.library, weak: weak))
  }
}
