/// What is wrong with a scalar, before its place is known.
struct TextProblem: Error, Equatable {
  var code: ManifestCode
  var message: String
  var hint: String?

  init(_ code: ManifestCode, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }
}
