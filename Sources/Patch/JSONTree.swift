/// Any JSON value, to compare what stands in a file with what was understood of it.
indirect enum JSONTree: Equatable, Decodable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([JSONTree])
  case object([String: JSONTree])

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Key.self) {  // not an object: the next form is tried
      var members: [String: JSONTree] = [:]
      for key in container.allKeys { members[key.stringValue] = try container.decode(JSONTree.self, forKey: key) }
      self = .object(members)
    } else if var container = try? decoder.unkeyedContainer() {  // not a list: the next form is tried
      var elements: [JSONTree] = []
      while !container.isAtEnd { elements.append(try container.decode(JSONTree.self)) }
      self = .list(elements)
    } else {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {  // another type: the next form is tried
        self = .bool(value)
      } else if let value = try? container.decode(Int64.self) {  // another type: the next form is tried
        self = .integer(value)
      } else if let value = try? container.decode(Double.self) {  // another type: the last form is tried
        self = .number(value)
      } else {
        self = .text(try container.decode(String.self))
      }
    }
  }

  /// The path of the first place where this tree is not the other one; nil when they say the same.
  ///
  /// An absent member and one that is null are the same.
  func firstDifference(from other: JSONTree, at path: String) -> String? {
    switch (self, other) {
    case (.object(let mine), .object(let theirs)):
      for key in Set(mine.keys).union(theirs.keys).sorted() {
        let different = (mine[key] ?? .null).firstDifference(from: theirs[key] ?? .null, at: "\(path).\(key)")
        if let different { return different }
      }
      return nil
    case (.list(let mine), .list(let theirs)):
      guard mine.count == theirs.count else { return path }
      for (index, pair) in zip(mine, theirs).enumerated() {
        if let different = pair.0.firstDifference(from: pair.1, at: "\(path)[\(index)]") { return different }
      }
      return nil
    default: return self == other ? nil : path
    }
  }
}
