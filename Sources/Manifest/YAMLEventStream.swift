internal import CYaml

/// libyaml's parser over a text in memory: the seam to C.
@safe struct YAMLEventStream: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// Starts at the beginning of a text, which must be UTF-8.
  init(_ text: [UInt8]) throws(YAMLSyntaxError) {
    // SAFETY: both are given back in deinit; libyaml keeps pointers to them and to nothing else of ours.
    unsafe input = .allocate(capacity: max(text.count, 1))
    unsafe parser = .allocate(capacity: 1)
    // SAFETY: the buffer has room for all of the text.
    _ = unsafe input.update(fromContentsOf: text)
    // SAFETY: the parser's memory is ours; libyaml sets all of it, also when it fails.
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      throw YAMLSyntaxError(problem: "out of memory", at: 0, contextAt: 0)
    }
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, input.baseAddress, text.count)
  }

  deinit {
    // SAFETY: allocated in init and given back nowhere else; a parser that could not be initialised is all zero, which
    // yaml_parser_delete accepts.
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe input.deallocate()
  }

  /// The next event; behind the end of the stream it must not be called again.
  mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
    var event = unsafe yaml_event_t()
    // SAFETY: the parser is initialised and its input lives as long as it does.
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    // SAFETY: libyaml has filled the event; it is deleted once, after everything has been copied from it.
    defer { unsafe yaml_event_delete(&event) }
    return unsafe YAMLEventStream.copy(event)
  }

  private static func copy(_ event: yaml_event_t) -> YAMLEvent {
    // SAFETY: the type says which part of the union is set; the strings live until the event is deleted.
    let start = unsafe Int(clamping: event.start_mark.index)
    let range = unsafe start..<max(start, Int(clamping: event.end_mark.index))
    switch unsafe event.type {
    case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, range: range)
    case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, range: range)
    case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, range: range)
    case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, range: range)
    case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, range: range)
    case YAML_ALIAS_EVENT:
      return YAMLEvent(kind: .alias(unsafe text(event.data.alias.anchor) ?? ""), range: range)
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return YAMLEvent(
        kind: .scalar(
          text: unsafe String(decoding: bytes, as: UTF8.self), isPlain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE),
        range: range, anchor: unsafe text(scalar.anchor), hasTag: unsafe scalar.tag != nil)
    case YAML_SEQUENCE_START_EVENT:
      let sequence = unsafe event.data.sequence_start
      return YAMLEvent(
        kind: .sequenceStart, range: range, anchor: unsafe text(sequence.anchor), hasTag: unsafe sequence.tag != nil)
    case YAML_MAPPING_START_EVENT:
      let mapping = unsafe event.data.mapping_start
      return YAMLEvent(
        kind: .mappingStart, range: range, anchor: unsafe text(mapping.anchor), hasTag: unsafe mapping.tag != nil)
    default: return YAMLEvent(kind: .streamEnd, range: range)
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    // SAFETY: libyaml ends its strings with a zero byte.
    guard let pointer = unsafe pointer else { return nil }
    return unsafe String(cString: pointer)
  }

  private func failure() -> YAMLSyntaxError {
    // SAFETY: the parser is initialised; problem and context are null or constant strings.
    let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
    let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
    return YAMLSyntaxError(
      problem: problem ?? "out of memory", at: unsafe Int(clamping: parser.pointee.problem_mark.index),
      context: context, contextAt: unsafe Int(clamping: parser.pointee.context_mark.index))
  }
}
