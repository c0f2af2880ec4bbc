/// What may stand somewhere in a manifest: read by the checker and by the JSON Schema alike.
indirect enum Shape: Sendable {
  /// One text only; another has the code given.
  case constant(String, ManifestCode)
  /// One of some words; the noun is for the message, as in "'actve' is not a state".
  case choice(noun: String, words: [String], default: String?)
  case text(TextRule)
  case integer(ClosedRange<UInt64>, default: UInt64?)
  case duration(DurationRange)
  case list(Shape, minimum: Int)
  case record(RecordShape)
  /// A number, a truth value or bytes, as the `type` beside it says.
  case valueOfType
}

/// The keys of a mapping.
struct RecordShape: Sendable {
  /// For messages, as in "'stat' is not a key of a patch".
  var noun: String
  var keys: [KeyShape]
  /// Groups of keys of which exactly one must be there, with all its keys.
  var alternatives: [[String]] = []

  /// The key of a name; nil where there is none.
  func key(_ name: String) -> KeyShape? { keys.first { $0.name == name } }
}

/// A key and what stands behind it.
struct KeyShape: Sendable {
  var name: String
  var shape: Shape
  var isRequired = false
  /// For people who edit a manifest, who see it as they type.
  var description: String
  /// A value to show to whoever has left it out.
  var example: String?
}

/// A shortest and a longest time, as a manifest writes them.
struct DurationRange: Sendable {
  var shortest: WrittenDuration
  var longest: WrittenDuration
  var `default`: WrittenDuration
}
