/// Collects what is wrong with one file.
struct FileReport {
  /// How many errors of one file are shown.
  static let maximumErrors = 200

  let source: SourceText
  private(set) var diagnostics: [Diagnostic] = []
  /// The line shown last: many errors in one long line share its text.
  private var lastLine: (index: Int, text: String)?

  init(source: SourceText) {
    self.source = source
  }

  /// Whether no more errors of the file are taken.
  var isFull: Bool { diagnostics.count > Self.maximumErrors }

  /// Takes an error at a token.
  mutating func error(
    _ code: ManifestCode, at token: Range<Int>, _ message: String, hint: String? = nil,
    notes: [(at: Range<Int>, message: String)] = []
  ) {
    guard !isFull else { return }
    guard diagnostics.count < Self.maximumErrors else {
      diagnostics.append(
        make(.error, ManifestCode.tooManyErrors, at: token, "more than \(Self.maximumErrors) errors in this file"))
      return
    }
    var diagnostic = make(.error, code, at: token, message)
    diagnostic.hint = hint
    diagnostic.notes = notes.map { make(.note, code, at: $0.at, $0.message) }
    // A value that several aliases stand for is wrong once.
    if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
  }

  /// A diagnostic at a token of this file, with its source line.
  mutating func make(
    _ severity: Diagnostic.Severity, _ code: ManifestCode, at token: Range<Int>, _ message: String
  ) -> Diagnostic {
    let index = source.lineIndex(of: min(token.lowerBound, source.scalars.count))
    let text: String
    if let lastLine, lastLine.index == index {
      text = lastLine.text
    } else {
      text = source.text(source.line(index))
      lastLine = (index, text)
    }
    return Diagnostic(severity, code.code, at: source.sourceRange(token), message, sourceLine: text)
  }
}

/// A piece of a manifest for a message: in quotes, and shortened.
func quoted(_ text: String) -> String {
  let characters = text.unicodeScalars
  let shown = characters.count > 60 ? String(String.UnicodeScalarView(characters.prefix(59))) + "…" : text
  return "'" + shown + "'"
}
