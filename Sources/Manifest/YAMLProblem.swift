/// Puts libyaml's words into a message that says what to do, where the cause is a common one.
enum YAMLProblem {
  /// The message, and the hint where there is one.
  static func explained(_ error: YAMLSyntaxError, in source: SourceText) -> (message: String, hint: String?) {
    let message = "not YAML: \(error.problem)"
    let begin = error.contextAt < source.scalars.count ? source.scalars[error.contextAt] : nil
    switch error.problem {
    case "did not find expected alphabetic or numeric character" where begin == "*" || begin == "&":
      return (message, "a text that begins with * or & needs quotes")
    case "found character that cannot start any token":
      return (message, "a text that begins with this character needs quotes")
    case "mapping values are not allowed in this context":
      return (message, "a text that contains ': ' needs quotes; or the line above is indented differently")
    case "found unexpected end of stream" where begin == "\"" || begin == "'":
      return (message, "the quote that the note shows is not closed")
    case "could not find expected ':'":
      return (message, "a key is followed by ': '")
    default:
      return (message, nil)
    }
  }
}
