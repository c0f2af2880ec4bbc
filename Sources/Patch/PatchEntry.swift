/// The symbols that one replaced function names, found in the object.
package struct PatchEntry: Equatable, Sendable {
  /// The symbol's index in ``PatchObject/symbols``: a place in a text section.
  package let replacement: Int
  /// The moved entry instructions: the symbol's index; nil where only the direct form is possible.
  package let moved: Int?
  /// The moved entry instructions of the absolute form: the symbol's index; nil where there is no such form beside the near one.
  package let far: Int?

  /// The moved entry instructions in a form; nil where only the direct form is possible.
  package func moved(in form: BranchForm) -> Int? { form == .far ? far ?? moved : moved }

  /// Finds and checks the symbols of all replaced functions.
  static func resolve(_ info: PatchInfo, in object: PatchObject) throws(DamagedArtifact) -> [PatchEntry] {
    var byName: [String: [Int]] = [:]
    for (index, symbol) in object.symbols.enumerated() {
      if case .section(let section, _) = symbol.definition, object.sections[section].kind == .text, !symbol.name.isEmpty
      {
        byName[symbol.name, default: []].append(index)
      }
    }
    func find(_ name: String, _ field: String) throws(DamagedArtifact) -> Int {
      let found = byName[name] ?? []
      guard let index = found.first, found.count == 1, object.symbols[index].size > 0 else {
        throw DamagedArtifact(
          field: field,
          found: found.isEmpty
            ? "\(name), not defined in a text section"
            : found.count > 1 ? "\(name), defined \(found.count) times" : "\(name), of no size",
          allowed: "one symbol of a size in a text section")
      }
      return index
    }
    var entries: [PatchEntry] = []
    var movedBefore: Set<Int> = []
    for (number, function) in info.functions.enumerated() {
      let field = "info.functions[\(number)]"
      let replacement = try find(function.replacement, "\(field).replacement")
      func copy(
        _ symbol: String, _ instructions: [ReplacedFunction.MovedInstruction], _ field: String
      ) throws(DamagedArtifact) -> Int {
        let index = try find(symbol, "\(field).symbol")
        guard index != replacement, movedBefore.insert(index).inserted else {
          throw DamagedArtifact(
            field: "\(field).symbol", found: "\(symbol), which is named twice", allowed: "a copy of its own")
        }
        let size = object.symbols[index].size
        for (place, instruction) in instructions.enumerated() where instruction.moved >= size {
          throw DamagedArtifact(
            field: "\(field).instructions[\(place)].moved", found: "\(instruction.moved)",
            allowed: "below \(size), the size of \(symbol)")
        }
        return index
      }
      var moved: Int?
      if case .moved(let symbol, let instructions, _) = function.entry.gate {
        moved = try copy(symbol, instructions, "\(field).entry.gate")
      }
      var far: Int?
      if let entry = function.entry.far { far = try copy(entry.symbol, entry.instructions, "\(field).entry.far") }
      entries.append(PatchEntry(replacement: replacement, moved: moved, far: far))
    }
    return entries
  }
}
