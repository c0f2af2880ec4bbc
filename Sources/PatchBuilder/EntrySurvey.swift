internal import Patch

/// How many functions of a binary could be replaced: each entry planned as for a patch.
package struct EntrySurvey: Equatable, Sendable {
  /// The functions that the symbol tables know, each address once, those without a size left out.
  package var functions = 0
  /// Those whose entries can be moved.
  package var gated = 0
  /// Those that allow the direct form only.
  package var direct = 0
  /// Those that cannot be replaced, by what stands against it.
  package var refused: [BuildCode: Int] = [:]

  /// Plans every function of a file.
  ///
  /// `path`: the path of an executable or a library.
  package init(path: String) throws(BuildRefused) {
    let target = try TargetImage(path: path, symbols: nil)
    let references: CodeReferences
    references = CodeReferences(target)
    guard let planner = EntryPlanner(target, references: references) else {
      throw BuildRefused(.toolMissing("Capstone"))
    }
    var seen: Set<LinkAddress> = []
    for symbol in target.symbols.code where symbol.kind == .function && symbol.size > 0 {
      guard seen.insert(symbol.address).inserted else { continue }
      functions += 1
      do throws(EntryRefusal) {
        let plan = try planner.plan(address: symbol.address.value, size: symbol.size)
        if plan.cannotMove == nil { gated += 1 } else { direct += 1 }
      } catch {
        refused[error.code, default: 0] += 1
      }
    }
  }
}
