/// A shell pattern as fnmatch(3) reads it: `*`, `?`, `[a-z]`, `[!a]`, and `\` before a character that stands for itself.
package struct Glob: Sendable {
  /// What a `/` is to the wildcards.
  package enum Slashes: Sendable {
    /// Matched only by a `/` that is written (`FNM_PATHNAME`).
    case literal
    /// A character like any other.
    case ordinary
  }

  /// Why a text is no pattern.
  package enum Malformed: Error, Equatable {
    /// A `[` without its `]`; where, in characters from the start.
    case openBracket(at: Int)
    /// A `\` at the end.
    case trailingBackslash(at: Int)
    /// A range whose end lies before its start, such as `[z-a]`.
    case backwardRange(at: Int)
    /// `**` where a `/` is literal: it would promise what fnmatch does not do.
    case doubleStar(at: Int)
  }

  enum Token: Equatable, Sendable {
    case star
    case one
    case literal(Unicode.Scalar)
    case set(ranges: [ClosedRange<Unicode.Scalar>], negated: Bool)
  }

  let tokens: [Token]
  let slashes: Slashes

  /// Reads a pattern.
  package init(_ pattern: String, slashes: Slashes) throws(Malformed) {
    let text = Array(pattern.unicodeScalars)
    var tokens: [Token] = []
    var index = 0
    while index < text.count {
      switch text[index] {
      case "*":
        if index > 0, text[index - 1] == "*", tokens.last == .star {
          if slashes == .literal { throw .doubleStar(at: index - 1) }
        } else {
          tokens.append(.star)
        }
        index += 1
      case "?":
        tokens.append(.one)
        index += 1
      case "[":
        let (token, next) = try Glob.bracket(text, at: index)
        tokens.append(token)
        index = next
      case "\\":
        guard index + 1 < text.count else { throw .trailingBackslash(at: index) }
        tokens.append(.literal(text[index + 1]))
        index += 2
      default:
        tokens.append(.literal(text[index]))
        index += 1
      }
    }
    self.tokens = tokens
    self.slashes = slashes
  }

  private static func bracket(
    _ text: [Unicode.Scalar], at start: Int
  ) throws(Malformed) -> (Token, next: Int) {
    var index = start + 1
    let negated = index < text.count && (text[index] == "!" || text[index] == "^")
    if negated { index += 1 }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var first = true
    while index < text.count {
      if text[index] == "]", !first { return (.set(ranges: ranges, negated: negated), index + 1) }
      first = false
      let (low, afterLow) = try character(text, at: index, bracket: start)
      index = afterLow
      // A `-` before the `]` stands for itself.
      guard index + 1 < text.count, text[index] == "-", text[index + 1] != "]" else {
        ranges.append(low...low)
        continue
      }
      let (high, afterHigh) = try character(text, at: index + 1, bracket: start)
      guard low <= high else { throw .backwardRange(at: start) }
      ranges.append(low...high)
      index = afterHigh
    }
    throw .openBracket(at: start)
  }

  private static func character(
    _ text: [Unicode.Scalar], at index: Int, bracket: Int
  ) throws(Malformed) -> (Unicode.Scalar, next: Int) {
    guard text[index] == "\\" else { return (text[index], index + 1) }
    guard index + 1 < text.count else { throw .openBracket(at: bracket) }
    return (text[index + 1], index + 2)
  }

  /// Whether the pattern stands for the whole of a text.
  ///
  /// Where a `/` is literal no star crosses one, so that the last star alone has to be tried again: the time is at
  /// most the product of the lengths.
  package func matches(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var token = 0
    var index = 0
    var retry: (token: Int, index: Int)?
    while true {
      if token == tokens.count, index == scalars.count { return true }
      if token < tokens.count, tokens[token] == .star {
        retry = (token + 1, index)
        token += 1
        continue
      }
      if token < tokens.count, index < scalars.count, accepts(tokens[token], scalars[index]) {
        token += 1
        index += 1
        continue
      }
      guard let last = retry, last.index < scalars.count,
        slashes == .ordinary || scalars[last.index] != "/"
      else { return false }
      retry = (last.token, last.index + 1)
      (token, index) = (last.token, last.index + 1)
    }
  }

  /// Whether a token that is no star stands for a character.
  func accepts(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
    switch token {
    case .star, .one: slashes == .ordinary || scalar != "/"
    case .literal(let literal): literal == scalar
    case .set(let ranges, let negated):
      (slashes == .ordinary || scalar != "/") && ranges.contains { $0.contains(scalar) } != negated
    }
  }
}
