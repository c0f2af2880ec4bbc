/// One event of libyaml's parser, with its place in characters.
struct YAMLEvent {
  enum Kind {
    case streamStart, streamEnd
    case documentStart, documentEnd
    case alias(String)
    case scalar(text: String, isPlain: Bool)
    case sequenceStart, sequenceEnd
    case mappingStart, mappingEnd
  }
  var kind: Kind
  var range: Range<Int>
  /// `&name`; nil where there is none.
  var anchor: String?
  /// Whether a tag is written.
  var hasTag = false
}
