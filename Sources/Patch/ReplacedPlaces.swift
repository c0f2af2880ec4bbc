/// Where the image holds the new code of replaced functions, and what their address is to everybody: the target's.
///
/// The program compares function pointers and keeps them; a pointer into the image would equal none of the target's, and would
/// dangle once the image is unloaded. A call may go straight to the new code: it leaves nothing behind.
struct ReplacedPlaces: Sendable {
  /// A place in a section of the object.
  struct Place: Hashable, Sendable {
    /// The section's index.
    let section: Int
    let offset: UInt64
  }

  /// For each place the target's functions that it replaces; seldom more than one.
  private var functions: [Place: Set<LinkAddress>] = [:]

  init(_ artifact: PatchArtifact) {
    var byName: [String: Set<LinkAddress>] = [:]
    for (entry, function) in zip(artifact.entries, artifact.info.functions) {
      byName[function.symbol, default: []].insert(function.address)
      add(artifact.object.symbols[entry.replacement], [function.address])
    }
    // Behind a stub that saves registers the function is still the one that its name says.
    for symbol in artifact.object.symbols where symbol.isFunction && !symbol.isLocal {
      if let addresses = byName[symbol.name] { add(symbol, addresses) }
    }
  }

  private mutating func add(_ symbol: PatchSymbol, _ addresses: Set<LinkAddress>) {
    guard case .section(let section, let offset) = symbol.definition else { return }
    functions[Place(section: section, offset: offset), default: []].formUnion(addresses)
  }

  /// The target's functions that the code at a place replaces; none for another place.
  func functions(at place: Place) -> Set<LinkAddress> { functions[place] ?? [] }

  /// The place of a function that the object defines; nil for any other symbol.
  func place(of symbol: PatchSymbol) -> Place? {
    guard symbol.isFunction, case .section(let section, let offset) = symbol.definition else { return nil }
    return Place(section: section, offset: offset)
  }

  /// The place of the object whose address a relocation may take; nil for one that does something else.
  ///
  /// `holder`: the section that the relocation is in.
  func place(takenBy relocation: PatchRelocation, in holder: PatchSection, of object: PatchObject) -> Place? {
    // Call-frame information describes the image's own code.
    guard holder.kind != .unwind, relocation.type != .pltoff64, !relocation.isBranch(in: holder),
      let index = relocation.symbol
    else { return nil }
    let symbol = object.symbols[index]
    guard symbol.name.isEmpty, case .section(let section, let offset) = symbol.definition else {
      return place(of: symbol)
    }
    // By section and offset: only where the field alone says what is meant. A distance among data, as in a jump table,
    // counts from the table's beginning, so that its addend may meet a function by chance.
    let addend = UInt64(bitPattern: relocation.addend)
    switch relocation.type {
    case .absolute64, .absolute32, .signed32, .gotoff64: return Place(section: section, offset: offset &+ addend)
    case .pc32 where holder.kind == .text:
      // The instruction ends behind its field, which is where the distance counts from.
      return Place(section: section, offset: offset &+ addend &+ 4)
    default: return nil
    }
  }
}
