/// Something to say about a place in a manifest.
package struct Diagnostic: Equatable, Sendable {
  /// How much it matters.
  package enum Severity: String, Sendable {
    case error, warning, note
  }
  /// How much it matters; a note stands below the error that it belongs to.
  package var severity: Severity
  /// The stable code, such as `LP0103`.
  package var code: String
  /// Where; line 1, column 1 without a source line when the file as a whole is meant.
  package var at: SourceRange
  /// What is wrong, in one line without the place and the code.
  package var message: String
  /// Stands behind the caret: what to write instead, or what is allowed.
  package var hint: String?
  /// The source line that the caret points into; nil when the file could not be read.
  package var sourceLine: String?
  /// Other places that matter, such as the other one of two that clash.
  package var notes: [Diagnostic]

  /// Makes a diagnostic.
  package init(
    _ severity: Severity = .error, _ code: String, at: SourceRange, _ message: String, hint: String? = nil,
    sourceLine: String? = nil, notes: [Diagnostic] = []
  ) {
    self.severity = severity
    self.code = code
    self.at = at
    self.message = message
    self.hint = hint
    self.sourceLine = sourceLine
    self.notes = notes
  }
}
