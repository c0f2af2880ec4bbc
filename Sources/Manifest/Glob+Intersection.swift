extension Glob {
  /// Whether it stands for one text only, and with nothing escaped.
  var isLiteral: Bool {
    tokens.allSatisfy { token in
      switch token {
      case .literal(let scalar): scalar != "\\" && !"*?[".unicodeScalars.contains(scalar)
      case .star, .one, .set: false
      }
    }
  }

  /// Whether some text matches both patterns.
  ///
  /// All pairs of places in the two patterns that a common text can reach, so at most the product of their lengths.
  func intersects(_ other: Glob) -> Bool {
    let width = other.tokens.count + 1
    var reached = Array(repeating: false, count: (tokens.count + 1) * width)
    var waiting = [(0, 0)]
    func visit(_ a: Int, _ b: Int) {
      if reached[a * width + b] { return }
      reached[a * width + b] = true
      waiting.append((a, b))
    }
    while let (a, b) = waiting.popLast() {
      if a == tokens.count, b == other.tokens.count { return true }
      let left = a < tokens.count ? tokens[a] : nil
      let right = b < other.tokens.count ? other.tokens[b] : nil
      if left == .star { visit(a + 1, b) }
      if right == .star { visit(a, b + 1) }
      guard let left, let right, shareCharacter(left, other, right) else { continue }
      // A star stays where it is when it takes a character.
      visit(left == .star ? a : a + 1, right == .star ? b : b + 1)
    }
    return false
  }

  /// Whether one character can stand for a token of each.
  private func shareCharacter(_ left: Token, _ other: Glob, _ right: Token) -> Bool {
    // A character that decides: any end of a range, its neighbours, and one that no pattern names.
    var candidates: [Unicode.Scalar] = ["a", "\u{10fffd}"]
    for token in [left, right] {
      switch token {
      case .star, .one: break
      case .literal(let scalar): candidates.append(scalar)
      case .set(let ranges, _):
        for range in ranges {
          for end in [range.lowerBound, range.upperBound] {
            candidates.append(end)
            if end.value > 0, let below = Unicode.Scalar(end.value - 1) { candidates.append(below) }
            if let above = Unicode.Scalar(end.value + 1) { candidates.append(above) }
          }
        }
      }
    }
    return candidates.contains { accepts(left, $0) && other.accepts(right, $0) }
  }
}
