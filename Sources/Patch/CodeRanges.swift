/// Finds the pieces of an image's executable part.
struct CodeRanges {
  /// By address, without overlaps.
  let ranges: [CodeRange]

  init(_ artifact: PatchArtifact, _ plan: ImagePlan, base: UInt64) {
    let object = artifact.object
    var moved: [Int: Int] = [:]
    for (function, entry) in artifact.entries.enumerated() {
      for symbol in [entry.moved, entry.far] { if let symbol { moved[symbol] = function } }
    }
    let replacements = Set(artifact.entries.map(\.replacement))
    var found: [(start: UInt64, size: UInt64, rank: Int, kind: CodeRange.Kind)] = []
    for (function, gate) in plan.gates.enumerated() {
      if let gate { found.append((gate.code, X86_64Gate.length, 0, .gate(function: function))) }
    }
    for (symbol, stub) in plan.stubs {
      found.append((stub, X86_64Stub.length, 0, .stub(symbol: object.symbols[symbol].name)))
    }
    for (index, symbol) in object.symbols.enumerated() where symbol.size > 0 {
      guard case .section(let section, let offset) = symbol.definition, object.sections[section].kind == .text else {
        continue
      }
      let start = plan.sections[section] + offset
      if let function = moved[index] {
        found.append((start, symbol.size, 0, .moved(function: function)))
      } else if symbol.isFunction || replacements.contains(index) {
        found.append((start, symbol.size, symbol.isLocal ? 2 : 1, .function(name: symbol.name)))
      }
    }
    // Of several names of one place the moved copy's goes first, then a global one, then the first by name.
    found.sort { a, b in
      (a.start, a.rank, Self.name(a.kind)) < (b.start, b.rank, Self.name(b.kind))
    }
    var ranges: [CodeRange] = []
    var end: UInt64 = 0
    for piece in found {
      let start = max(piece.start, end)
      let pieceEnd = piece.start + piece.size
      guard pieceEnd > start else { continue }
      ranges.append(
        CodeRange(kind: piece.kind, range: RemoteAddress(base + start)..<RemoteAddress(base + pieceEnd)))
      end = pieceEnd
    }
    self.ranges = ranges
  }

  private static func name(_ kind: CodeRange.Kind) -> String {
    switch kind {
    case .function(let name), .stub(let name): name
    case .gate, .moved: ""
    }
  }
}
