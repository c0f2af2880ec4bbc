/// A pattern with `*`, `?` and `[…]`, as in glob(7) and fnmatch(3), without brace expansion.
package struct Glob: Hashable, Sendable {
  /// What a wildcard may stand for.
  package enum Scope: Hashable, Sendable {
    /// Anything but a `/`; `**` stands for anything: for paths.
    case withinPathSegment
    /// Anything: for the words of a command line.
    case anything
  }

  private enum Element: Hashable {
    case literal(Character)
    case anyOne, anyRun, anyRunWithSlashes
    case oneOf([ClosedRange<Character>], negated: Bool)
  }

  /// The pattern as written.
  package let pattern: String
  private let scope: Scope
  private let elements: [Element]

  /// Whether the pattern stands for itself only.
  package var isLiteral: Bool {
    elements.allSatisfy { if case .literal = $0 { true } else { false } }
  }

  package init(_ pattern: String, scope: Scope) {
    self.pattern = pattern
    self.scope = scope
    var elements: [Element] = []
    let text = Array(pattern)
    var index = 0
    while index < text.count {
      switch text[index] {
      case "*":
        let isDouble = index + 1 < text.count && text[index + 1] == "*"
        elements.append(isDouble ? .anyRunWithSlashes : .anyRun)
        index += isDouble ? 2 : 1
      case "?":
        elements.append(.anyOne)
        index += 1
      case "[":
        if let (element, next) = Glob.bracket(text, from: index) {
          elements.append(element)
          index = next
        } else {
          elements.append(.literal("["))
          index += 1
        }
      case "\\" where index + 1 < text.count:
        elements.append(.literal(text[index + 1]))
        index += 2
      default:
        elements.append(.literal(text[index]))
        index += 1
      }
    }
    self.elements = elements
  }

  /// Reads `[a-z]` or `[!a-z]`; nil where the bracket is never closed, which makes it an ordinary character.
  private static func bracket(_ text: [Character], from start: Int) -> (Element, Int)? {
    var index = start + 1
    var negated = false
    if index < text.count, text[index] == "!" || text[index] == "^" {
      negated = true
      index += 1
    }
    var ranges: [ClosedRange<Character>] = []
    let first = index
    while index < text.count {
      if text[index] == "]", index > first { return (.oneOf(ranges, negated: negated), index + 1) }
      if index + 2 < text.count, text[index + 1] == "-", text[index + 2] != "]", text[index] <= text[index + 2] {
        ranges.append(text[index]...text[index + 2])
        index += 3
      } else {
        ranges.append(text[index]...text[index])
        index += 1
      }
    }
    return nil
  }

  /// Whether the whole text matches; in time proportional to the product of both lengths at most.
  package func matches(_ text: String) -> Bool {
    let text = Array(text)
    // Which prefixes of the text the elements so far can match: one row of the usual table.
    var row = [Bool](repeating: false, count: text.count + 1)
    row[0] = true
    for element in elements {
      var next = [Bool](repeating: false, count: text.count + 1)
      switch element {
      case .anyRun, .anyRunWithSlashes:
        next[0] = row[0]
        for index in text.indices {
          let mayPass = element == .anyRunWithSlashes || accepts(text[index])
          next[index + 1] = row[index + 1] || (next[index] && mayPass)
        }
      default:
        for index in text.indices where row[index] { next[index + 1] = matches(element, text[index]) }
      }
      row = next
    }
    return row[text.count]
  }

  private func accepts(_ character: Character) -> Bool { scope == .anything || character != "/" }

  private func matches(_ element: Element, _ character: Character) -> Bool {
    switch element {
    case .literal(let literal): literal == character
    case .anyOne, .anyRun, .anyRunWithSlashes: accepts(character)
    case .oneOf(let ranges, let negated): accepts(character) && ranges.contains { $0.contains(character) } != negated
    }
  }
}
