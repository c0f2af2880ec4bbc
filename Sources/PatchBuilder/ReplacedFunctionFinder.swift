internal import Patch

/// Finds the functions to replace in the target.
struct ReplacedFunctionFinder {
  let target: TargetImage

  /// The one function that somebody means who writes `name`, `name@0x1f40` or `file.c:name`.
  func find(_ text: String) throws(BuildRefusal) -> TargetSymbol {
    let plain = SymbolCatalog.plainName(of: text)
    func refused(_ reason: BuildRefusal.Reason) -> BuildRefusal {
      BuildRefusal(place: target.path, symbol: plain, reason: reason)
    }
    let meant = target.symbols.meant(by: text)
    var functions: [LinkAddress: TargetSymbol] = [:]
    for symbol in meant where symbol.kind == .function {
      // Of several names or tables the one that knows the size.
      if (functions[symbol.address]?.size ?? 0) < max(symbol.size, 1) { functions[symbol.address] = symbol }
    }
    if let function = functions.values.first, functions.count == 1 { return function }
    if functions.count > 1 {
      let candidates = functions.values.sorted { $0.address < $1.address }.map { symbol in
        symbol.file.map { "\($0):\(symbol.name)" } ?? symbol.unique
      }
      // Two files of one name do not tell them apart; their addresses do.
      let areDistinct = Set(candidates).count == candidates.count
      throw refused(
        .functionAmbiguous(
          candidates: areDistinct ? candidates : functions.values.sorted { $0.address < $1.address }.map(\.unique)))
    }
    if let other = meant.first {
      switch other.kind {
      case .indirectFunction: throw refused(.notAFunction(is: "an IFUNC, which chooses its implementation at start"))
      case .object, .threadLocal: throw refused(.notAFunction(is: "a variable"))
      case .unknown: throw refused(.notAFunction(is: "a label of assembly code, of no type and size"))
      case .function: break
      }
    }
    if target.dynamicSymbols.contains(where: { $0.name == plain && !$0.isDefined }) {
      throw refused(.notAFunction(is: "a function of another library"))
    }
    let copies = target.symbols.specialisedCopies(of: plain)
    if !copies.isEmpty { throw refused(.onlySpecialisedCopies(copies.map(\.name))) }
    throw refused(
      .functionUnknown(
        similar: target.symbols.similar(to: plain) { $0.kind == .function }, stripped: !target.symbols.isComplete))
  }
}
