/// Makes documents of libyaml's events, within limits, with every error of structure reported.
///
/// A stack of its own stands for recursion, so that no input can exhaust the thread's.
struct YAMLComposer {
  /// How deep lists and mappings may lie in each other.
  static let maximumDepth = 64
  /// How many aliases a file may have.
  static let maximumAliases = 100
  /// How many values all aliases of a file may stand for together.
  static let maximumExpansion = 100_000

  private struct Frame {
    var range: Range<Int>
    var anchor: String?
    var isMapping: Bool
    var elements: [YAMLNode] = []
    var members: [YAMLMember] = []
    /// Where each key of a mapping was first seen.
    var keys: [String: Range<Int>] = [:]
    /// A key whose value is awaited.
    var key: YAMLNode?
    var weight = 1
    var height = 0
  }

  private enum Anchor {
    /// Its value is still being read: an alias to it would hold itself.
    case open
    case complete(YAMLNode)
  }

  private var report: FileReport
  private var frames: [Frame] = []
  private var anchors: [String: Anchor] = [:]
  private var aliases = 0
  private var expansion = 0
  private var documents: [YAMLNode] = []
  private var documentStart = 0..<0

  private init(_ report: FileReport) {
    self.report = report
  }

  /// The complete documents of a file; what is wrong goes into the report.
  static func documents(in text: [UInt8], report: inout FileReport) -> [YAMLNode] {
    var composer = YAMLComposer(report)
    composer.run(text)
    report = composer.report
    return composer.documents
  }

  private mutating func run(_ text: [UInt8]) {
    do {
      var stream = try YAMLEventStream(text)
      while try take(try stream.next()) {}
    } catch {
      let (problem, hint) = YAMLProblem.explained(error, in: report.source)
      var notes: [(at: Range<Int>, message: String)] = []
      if let context = error.context, error.contextAt != error.at {
        notes.append((error.contextAt..<(error.contextAt + 1), context))
      }
      report.error(.notYAML, at: error.at..<(error.at + 1), problem, hint: hint, notes: notes)
    }
  }

  /// Takes an event; false when there is nothing more to take.
  private mutating func take(_ event: YAMLEvent) throws(YAMLSyntaxError) -> Bool {
    if event.hasTag {
      report.error(.tag, at: event.range, "a tag has no meaning in a manifest", hint: "delete it")
    }
    switch event.kind {
    case .streamStart: break
    case .streamEnd: return false
    case .documentStart:
      documentStart = event.range
      anchors = [:]
    case .documentEnd: break
    case .alias(let name): return takeAlias(name, at: event.range)
    case .scalar(let text, let isPlain):
      var node = YAMLNode.unusable(at: event.range)
      if !event.hasTag { node.content = .scalar(YAMLScalar(text: text, isPlain: isPlain)) }
      open(event.anchor, at: event.range)
      close(event.anchor, node)
      return add(node)
    case .sequenceStart, .mappingStart:
      guard frames.count < Self.maximumDepth else { return tooDeep(at: event.range) }
      open(event.anchor, at: event.range)
      var frame = Frame(range: event.range, anchor: event.anchor, isMapping: false)
      if case .mappingStart = event.kind { frame.isMapping = true }
      frames.append(frame)
    case .sequenceEnd, .mappingEnd:
      guard let frame = frames.popLast() else { return false }
      let node = YAMLNode(
        content: frame.isMapping ? .mapping(frame.members) : .sequence(frame.elements),
        range: frame.range.lowerBound..<max(frame.range.upperBound, event.range.upperBound), weight: frame.weight,
        height: frame.height + 1)
      close(frame.anchor, node)
      return add(node)
    }
    return !report.isFull
  }

  private mutating func takeAlias(_ name: String, at range: Range<Int>) -> Bool {
    aliases += 1
    guard aliases <= Self.maximumAliases else {
      report.error(
        .tooManyAliases, at: range, "more than \(Self.maximumAliases) aliases; the rest of this file was not checked")
      return false
    }
    var node = YAMLNode.unusable(at: range)
    switch anchors[name] {
    case .complete(let value):
      guard frames.count + value.height <= Self.maximumDepth else { return tooDeep(at: range) }
      expansion += value.weight
      guard expansion <= Self.maximumExpansion else {
        report.error(
          .tooManyAliases, at: range,
          "the aliases of this file stand for more than \(Self.maximumExpansion) values; the rest was not checked")
        return false
      }
      node = value
      node.range = range
    case .open:
      report.error(.badAlias, at: range, "the alias \(quoted("*" + name)) stands within the value that it stands for")
    case nil:
      let near = NearMiss.suggestion(for: name, among: anchors.keys.sorted())
      report.error(
        .badAlias, at: range, "no anchor \(quoted("&" + name)) stands before this alias in its document",
        hint: near.map { "did you mean '*\($0)'?" } ?? "a text that begins with * needs quotes")
    }
    return add(node)
  }

  private mutating func open(_ anchor: String?, at range: Range<Int>) {
    guard let anchor else { return }
    if anchors[anchor] != nil {
      // Where a tag stands before the anchor, both are shown.
      let start = range.lowerBound
      let isFirst = start < report.source.scalars.count && report.source.scalars[start] == "&"
      let token = isFirst ? start..<(start + 1 + anchor.unicodeScalars.count) : range
      report.error(.badAlias, at: token, "the anchor \(quoted("&" + anchor)) is set twice in this document")
    }
    anchors[anchor] = .open
  }

  private mutating func close(_ anchor: String?, _ node: YAMLNode) {
    if let anchor { anchors[anchor] = .complete(node) }
  }

  private mutating func tooDeep(at range: Range<Int>) -> Bool {
    report.error(
      .tooDeep, at: range, "nested more than \(Self.maximumDepth) levels deep; the rest of this file was not checked")
    return false
  }

  /// Puts a complete value where it belongs.
  private mutating func add(_ node: YAMLNode) -> Bool {
    guard var frame = frames.popLast() else {
      takeDocument(node)
      return !report.isFull
    }
    frame.weight += node.weight
    frame.height = max(frame.height, node.height)
    if !frame.isMapping {
      frame.elements.append(node)
    } else if let key = frame.key {
      frame.key = nil
      addMember(key, node, to: &frame)
    } else {
      frame.key = node
    }
    frames.append(frame)
    return !report.isFull
  }

  private mutating func takeDocument(_ node: YAMLNode) {
    if case .scalar(let scalar) = node.content, scalar.meaning == .null {
      report.error(.emptyDocument, at: documentStart, "an empty document", hint: "delete this '---'")
    } else {
      documents.append(node)
    }
  }

  private mutating func addMember(_ key: YAMLNode, _ value: YAMLNode, to frame: inout Frame) {
    switch key.content {
    case .unusable: return
    case .sequence, .mapping:
      report.error(.wrongType, at: key.range, "a key must be text, not a list or a mapping")
    case .scalar(let scalar):
      if scalar.isPlain, scalar.text == "<<" {
        report.error(
          .mergeKey, at: key.range, "a merge key is no part of YAML 1.2", hint: "write the keys out")
        // The checker has to know that keys are missing for a reason.
        frame.members.append(YAMLMember(key: "<<", keyRange: key.range, value: YAMLNode.unusable(at: value.range)))
      } else if let first = frame.keys[scalar.text] {
        report.error(
          .duplicateKey, at: key.range, "the key \(quoted(scalar.text)) is written twice",
          notes: [(first, "it is here already")])
      } else {
        frame.keys[scalar.text] = key.range
        frame.members.append(YAMLMember(key: scalar.text, keyRange: key.range, value: value))
      }
    }
  }
}
