/// Makes text for people of diagnostics: place and message, the source line, and a caret of the token's width below it.
package struct DiagnosticRenderer: Sendable {
  /// Whether escape codes for colour are written.
  package var colour: Bool

  /// The longest piece of a source line that is shown, in characters.
  static let longestLine = 160

  /// Makes a renderer.
  package init(colour: Bool = false) {
    self.colour = colour
  }

  /// All of them, each ending in a line break.
  package func render(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map { render($0) }.joined()
  }

  /// One with its notes, ending in a line break.
  package func render(_ diagnostic: Diagnostic) -> String {
    let at = diagnostic.at
    let place = "\(visible(at.file)):\(at.line):\(at.column):"
    let code = diagnostic.severity == .note ? "" : " [\(diagnostic.code)]"
    let severity = painted("\(diagnostic.severity.rawValue):", severityColour(diagnostic.severity))
    var out = painted(place, "1") + " " + severity + " " + painted(visible(diagnostic.message), "1") + code + "\n"
    if let line = diagnostic.sourceLine {
      out += source(line, at, hint: diagnostic.hint, severity: diagnostic.severity)
    } else if let hint = diagnostic.hint {
      out += "      " + visible(hint) + "\n"
    }
    for note in diagnostic.notes { out += render(note) }
    return out
  }

  private func source(_ line: String, _ at: SourceRange, hint: String?, severity: Diagnostic.Severity) -> String {
    let characters = Array(line.unicodeScalars)
    var first = min(max(at.column - 1, 0), characters.count)
    var end = min(max(at.endColumn - 1, first), characters.count)
    // Of a very long line the part around the caret is shown.
    let from = characters.count > Self.longestLine ? max(0, first - Self.longestLine / 2) : 0
    let to = min(characters.count, from + Self.longestLine)
    end = min(end, to)
    let lead = from > 0 ? "…" : ""
    let shown = characters[from..<to]
    first -= from
    end -= from

    var padding = String(repeating: " ", count: lead.unicodeScalars.count)
    for scalar in shown.prefix(first) {
      padding += scalar == "\t" ? "\t" : String(repeating: " ", count: width(scalar))
    }
    let tokenWidth = shown.dropFirst(first).prefix(end - first).reduce(0) { $0 + ($1 == "\t" ? 1 : width($1)) }
    let caret = "^" + String(repeating: "~", count: max(0, tokenWidth - 1))
    let text = String(String.UnicodeScalarView(shown.map { $0 == "\t" ? $0 : replacement($0) }))
    let number = String(at.line)
    let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number
    let blank = String(repeating: " ", count: gutter.count)
    var out = painted("\(gutter) |", "34") + " " + lead + text + (to < characters.count ? "…" : "") + "\n"
    out += painted("\(blank) |", "34") + " " + padding + painted(caret, severityColour(severity))
    if let hint { out += " " + visible(hint) }
    return out + "\n"
  }

  private func width(_ scalar: Unicode.Scalar) -> Int { DisplayWidth.of(replacement(scalar)) }

  /// The text with a visible sign for each character that would move the cursor or reorder the line.
  private func visible(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map(replacement)))
  }

  private func replacement(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar.value < 0x20 { return Unicode.Scalar(0x2400 + scalar.value) ?? "\u{fffd}" }
    return ForbiddenCharacter.contains(scalar) ? "\u{fffd}" : scalar
  }

  private func severityColour(_ severity: Diagnostic.Severity) -> String {
    switch severity {
    case .error: "1;31"
    case .warning: "1;35"
    case .note: "1;36"
    }
  }

  private func painted(_ text: String, _ codes: String) -> String {
    colour ? "\u{1b}[\(codes)m\(text)\u{1b}[0m" : text
  }
}
