internal import Patch

extension EntryPlanner {
  /// Code of a function that lies apart from its beginning: a thread there is in the function, though its address says something else.
  ///
  /// By name where the symbol table tells: the unlikely part (`NAME.cold`) and what partial inlining left (`NAME.part.0`). Otherwise, as in
  /// a stripped file, what the function jumps to, the call-frame information calls a function, no symbol names, and nothing else
  /// reaches: the unlikely part, or a function that is only ever the function's own last step.
  func pieces(of symbol: TargetSymbol) -> [Range<UInt64>] {
    let body = symbol.address.value..<(symbol.address.value &+ symbol.size)
    var own = [body]
    for piece in target.symbols.pieces(of: symbol) {
      own.append(piece.address.value..<(piece.address.value &+ piece.size))
    }
    var grows = true
    while grows && own.count < PatchLimits.parts {
      grows = false
      let jumps = own.flatMap { jumpsOut(of: $0) }
      for jump in jumps where !own.contains(where: { $0.contains(jump) }) {
        guard target.symbols.function(holding: jump) == nil, let piece = unwind.range(holding: jump),
          isReached(piece, onlyFrom: own + [piece]), own.count <= PatchLimits.parts
        else { continue }
        own.append(piece)
        grows = true
      }
    }
    return own.dropFirst().filter { !$0.overlaps(body) }.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// Where direct jumps of some code lead outside it.
  private func jumpsOut(of range: Range<UInt64>) -> [UInt64] {
    guard let bytes = target.code(at: range.lowerBound, count: range.upperBound - range.lowerBound) else { return [] }
    return decoder.instructions(in: bytes, base: range.lowerBound).compactMap { instruction in
      instruction.jumpTarget.flatMap { range.contains($0) ? nil : $0 }
    }
  }

  /// Whether no branch and no pointer but those of some code leads into a piece.
  private func isReached(_ piece: Range<UInt64>, onlyFrom own: [Range<UInt64>]) -> Bool {
    references.pointers(into: piece).isEmpty
      && references.branches(into: piece).allSatisfy { branch in
        own.contains { $0.contains(branch.from) } || !isRealBranch(branch)
      }
  }
}
