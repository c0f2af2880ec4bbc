/// Colour, or none.
package struct Style {
  package let isOn: Bool
  package init(isOn: Bool) { self.isOn = isOn }

  func bold(_ text: String) -> String { paint(text, "1") }
  func good(_ text: String) -> String { paint(text, "32") }
  func bad(_ text: String) -> String { paint(text, "31") }
  func warn(_ text: String) -> String { paint(text, "33") }

  private func paint(_ text: String, _ code: String) -> String {
    isOn ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }

  /// The word of a state or a result, padded before it is painted.
  func word(_ word: String, width: Int) -> String {
    let padded = word.padded(to: width)
    return switch word {
    case "converged", "changed": good(padded)
    case "outdated", "busy", "not covered", "unmanaged": warn(padded)
    case "drifted", "refused", "failed", "unreadable": bad(padded)
    default: padded
    }
  }
}

extension String {
  /// The text with blanks behind it up to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
