/// Where and why libyaml could not go on.
struct YAMLSyntaxError: Error {
  /// libyaml's words, such as `did not find expected key`.
  var problem: String
  var at: Int
  /// What libyaml was doing, such as `while parsing a block mapping`, and where that began.
  var context: String?
  var contextAt: Int
}
