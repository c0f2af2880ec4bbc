/// A scalar as it is written.
struct YAMLScalar {
  var text: String
  /// Not quoted and not a block.
  var isPlain: Bool

  /// What a scalar is in the core schema of YAML 1.2 (chapter 10.3).
  enum Meaning: Equatable {
    case null
    case boolean(Bool)
    case integer(WrittenInteger)
    case float
    case text
  }

  /// What it is: quoted it is always text.
  var meaning: Meaning {
    guard isPlain else { return .text }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    default: break
    }
    if let integer = WrittenInteger(text) { return .integer(integer) }
    return WrittenFloat.isFloat(text) ? .float : .text
  }
}
