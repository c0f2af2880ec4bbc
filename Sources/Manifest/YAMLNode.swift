/// A value of a document with its place; aliases are replaced by what they stand for.
struct YAMLNode {
  enum Content {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLMember])
    /// Something that has been reported already.
    case unusable
  }
  var content: Content
  var range: Range<Int>
  /// How many values it has in all, itself and what aliases stand for included.
  var weight: Int
  /// How many lists and mappings lie in each other; 0 for a scalar.
  var height: Int

  /// In the place of something that has been reported.
  static func unusable(at range: Range<Int>) -> YAMLNode {
    YAMLNode(content: .unusable, range: range, weight: 1, height: 0)
  }
}

/// A key and its value.
struct YAMLMember {
  var key: String
  var keyRange: Range<Int>
  var value: YAMLNode
}
