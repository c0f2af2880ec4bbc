/// A value that has the shape it should have, with its place; what has not is left out and has been reported.
struct CheckedValue {
  enum Content {
    case text(String)
    case integer(UInt64)
    case duration(Duration)
    case list([CheckedValue])
    case record([String: CheckedValue])
    /// To be read once the type beside it is known.
    case scalar(YAMLScalar)
  }
  var content: Content
  var range: Range<Int>

  var text: String? {
    guard case .text(let text) = content else { return nil }
    return text
  }

  var integer: UInt64? {
    guard case .integer(let integer) = content else { return nil }
    return integer
  }

  var duration: Duration? {
    guard case .duration(let duration) = content else { return nil }
    return duration
  }

  var scalar: YAMLScalar? {
    guard case .scalar(let scalar) = content else { return nil }
    return scalar
  }

  /// The elements of a list; none for anything else.
  var list: [CheckedValue] {
    guard case .list(let elements) = content else { return [] }
    return elements
  }

  /// The value of a key; nil where it was not written or is wrong.
  subscript(key: String) -> CheckedValue? {
    guard case .record(let members) = content else { return nil }
    return members[key]
  }
}
