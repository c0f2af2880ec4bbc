/// Compares a document with the table of keys.
struct ShapeChecker {
  private(set) var report: FileReport

  /// What a value is called in messages, and where an error about the whole of it is shown.
  struct Context {
    var name: String
    var range: Range<Int>
  }

  /// The value in the form that its shape gives it; nil when it has been reported.
  mutating func check(_ node: YAMLNode, _ shape: Shape, _ context: Context) -> CheckedValue? {
    switch (shape, node.content) {
    case (_, .unusable): return nil
    case (.record(let record), .mapping(let members)): return check(members, record, node, context)
    case (.list(let element, let minimum), .sequence(let nodes)):
      return check(nodes, element, minimum: minimum, node, context)
    case (.constant(let word, let code), .scalar(let scalar)):
      return constant(scalar, word, code, node.range, context)
    case (.choice(let noun, let words, _), .scalar(let scalar)):
      return choice(scalar, noun: noun, words, node.range, context)
    case (.text(let rule), .scalar(let scalar)): return text(scalar, rule, node.range, context)
    case (.integer(let allowed, _), .scalar(let scalar)): return integer(scalar, allowed, node.range, context)
    case (.duration(let allowed), .scalar(let scalar)): return duration(scalar, allowed, node.range, context)
    case (.valueOfType, .scalar(let scalar)):
      guard scalar.meaning != .null else { return wrongType(node, "a value", context) }
      return CheckedValue(content: .scalar(scalar), range: node.range)
    case (.record, _): return wrongType(node, "a mapping", context)
    case (.list(let element, let minimum), _):
      var hint: String?
      if case .scalar(let scalar) = node.content, scalar.meaning == .null, minimum == 0 {
        hint = "write [] for an empty list"
      } else if case .scalar(let scalar) = node.content, scalar.meaning != .null, case .text = element {
        hint = "write [\(source(of: node))]"
      } else if case .mapping = node.content {
        hint = "begin each element with '- '"
      }
      return wrongType(node, "a list", context, hint: hint)
    case (.constant, _), (.choice, _), (.text, _): return wrongType(node, "text", context)
    case (.integer, _): return wrongType(node, "a whole number", context)
    case (.duration, _): return wrongType(node, "a duration", context, hint: "such as 50ms or 30s")
    case (.valueOfType, _): return wrongType(node, "one value", context)
    }
  }

  private func source(of node: YAMLNode) -> String {
    let range = node.range
    guard range.count <= 60, range.upperBound <= report.source.scalars.count else { return "…" }
    return report.source.text(range)
  }

  private mutating func wrongType(
    _ node: YAMLNode, _ wanted: String, _ context: Context, hint: String? = nil
  ) -> CheckedValue? {
    let found: String
    switch node.content {
    case .sequence: found = "a list"
    case .mapping: found = "a mapping"
    case .unusable: return nil
    case .scalar(let scalar):
      switch scalar.meaning {
      case .null:
        let place = node.range.isEmpty ? context.range : node.range
        report.error(.wrongType, at: place, "\(context.name) needs \(wanted), but nothing is written", hint: hint)
        return nil
      case .boolean: found = "true or false"
      case .integer, .float: found = "a number"
      case .text: found = "text"
      }
    }
    report.error(.wrongType, at: node.range, "\(context.name) needs \(wanted), not \(found)", hint: hint)
    return nil
  }

  // MARK: Mappings and lists

  private mutating func check(
    _ members: [YAMLMember], _ record: RecordShape, _ node: YAMLNode, _ context: Context
  ) -> CheckedValue? {
    var found: [String: CheckedValue] = [:]
    var written: [String: Range<Int>] = [:]
    var isMerged = false
    for member in members {
      if member.key == "<<", case .unusable = member.value.content {
        isMerged = true
        continue
      }
      guard let key = record.key(member.key) else {
        let meant = unknownKey(member, record)
        if let meant, written[meant] == nil { written[meant] = member.keyRange }
        continue
      }
      written[key.name] = member.keyRange
      let context = Context(name: "'\(key.name)'", range: member.keyRange)
      if let value = check(member.value, key.shape, context) { found[key.name] = value }
    }
    let place = context.range
    // What is missing beside a merge key was most likely to come from it.
    if isMerged { return CheckedValue(content: .record(found), range: place) }
    for key in record.keys where key.isRequired && written[key.name] == nil {
      missing(key, record, at: place)
    }
    checkAlternatives(record, written, at: place)
    return CheckedValue(content: .record(found), range: place)
  }

  private mutating func missing(_ key: KeyShape, _ record: RecordShape, at place: Range<Int>) {
    report.error(
      .missingKey, at: place, "\(record.noun) needs the key '\(key.name)'",
      hint: key.example.map { "add '\(key.name): \($0)'" })
  }

  /// Reports a key that does not belong here; the one that was most likely meant.
  private mutating func unknownKey(_ member: YAMLMember, _ record: RecordShape) -> String? {
    let names = record.keys.map(\.name)
    let all = "(" + names.joined(separator: ", ") + ")"
    let near = NearMiss.suggestion(for: member.key, among: names)
    let hint: String
    if let near {
      hint = "did you mean '\(near)'? \(all)"
    } else if let home = ManifestShape.home(of: member.key) {
      hint = "it is a key of \(home); here: \(all)"
    } else {
      hint = "allowed here: \(all)"
    }
    report.error(
      .unknownKey, at: member.keyRange, "\(quoted(member.key)) is not a key of \(record.noun)", hint: hint)
    return near
  }

  private mutating func checkAlternatives(
    _ record: RecordShape, _ written: [String: Range<Int>], at place: Range<Int>
  ) {
    guard !record.alternatives.isEmpty else { return }
    let present = record.alternatives.filter { group in group.contains { written[$0] != nil } }
    let described = record.alternatives.map { $0.map { "'\($0)'" }.joined(separator: " with ") }
    guard let first = present.first else {
      report.error(.contentUnclear, at: place, "\(record.noun) needs \(described.joined(separator: " or "))")
      return
    }
    if present.count > 1 {
      let places = present.compactMap { group in group.compactMap { written[$0] }.min { $0.lowerBound < $1.lowerBound }
      }
      .sorted { $0.lowerBound < $1.lowerBound }
      report.error(
        .contentUnclear, at: places.last ?? place,
        "\(record.noun) has \(described.joined(separator: " or ")), not both",
        notes: places.first.map { [($0, "the other is here")] } ?? [])
      return
    }
    for name in first where written[name] == nil {
      if let key = record.key(name) { missing(key, record, at: place) }
    }
  }

  private mutating func check(
    _ nodes: [YAMLNode], _ element: Shape, minimum: Int, _ node: YAMLNode, _ context: Context
  ) -> CheckedValue? {
    if nodes.count < minimum {
      report.error(.emptyList, at: node.range, "\(context.name) needs at least one element", hint: emptyHint(context))
      return nil
    }
    let elements = nodes.compactMap { child -> CheckedValue? in
      var range = child.range
      // An error about the whole of an element is shown at its first key.
      if case .mapping(let members) = child.content, let first = members.first { range = first.keyRange }
      return check(child, element, Context(name: "an element of \(context.name)", range: range))
    }
    return CheckedValue(content: .list(elements), range: context.range)
  }

  private func emptyHint(_ context: Context) -> String {
    context.name == "'builds'"
      ? "to take patches away keep the build with 'patches: []'" : "leave the key out where nothing is to be said"
  }

  // MARK: Scalars

  private mutating func constant(
    _ scalar: YAMLScalar, _ word: String, _ code: ManifestCode, _ range: Range<Int>, _ context: Context
  ) -> CheckedValue? {
    if scalar.text == word { return CheckedValue(content: .text(word), range: range) }
    if scalar.meaning == .null {
      return wrongType(YAMLNode(content: .scalar(scalar), range: range, weight: 1, height: 0), "'\(word)'", context)
    }
    report.error(
      code, at: range, "\(context.name) \(quoted(scalar.text)) is not known to this program", hint: "write '\(word)'")
    return nil
  }

  private mutating func choice(
    _ scalar: YAMLScalar, noun: String, _ words: [String], _ range: Range<Int>, _ context: Context
  ) -> CheckedValue? {
    if words.contains(scalar.text) { return CheckedValue(content: .text(scalar.text), range: range) }
    let all = "(" + words.joined(separator: ", ") + ")"
    if scalar.meaning == .null {
      return wrongType(
        YAMLNode(content: .scalar(scalar), range: range, weight: 1, height: 0), noun, context, hint: all)
    }
    let near = NearMiss.suggestion(for: scalar.text, among: words)
    report.error(
      .unknownWord, at: range, "\(quoted(scalar.text)) is not \(noun)",
      hint: near.map { "did you mean '\($0)'? \(all)" } ?? all)
    return nil
  }

  private mutating func text(
    _ scalar: YAMLScalar, _ rule: TextRule, _ range: Range<Int>, _ context: Context
  ) -> CheckedValue? {
    let node = YAMLNode(content: .scalar(scalar), range: range, weight: 1, height: 0)
    switch scalar.meaning {
    case .null: return wrongType(node, "text", context)
    case .text: break
    case .integer where rule.takesNumber: break
    case .boolean, .integer, .float:
      if !rule.isAlwaysText { return wrongType(node, "text", context, hint: "in quotes it is: \"\(scalar.text)\"") }
    }
    do {
      return CheckedValue(content: .text(try rule.checked(scalar.text)), range: range)
    } catch {
      report.error(error.code, at: range, error.message, hint: error.hint)
      return nil
    }
  }

  private mutating func integer(
    _ scalar: YAMLScalar, _ allowed: ClosedRange<UInt64>, _ range: Range<Int>, _ context: Context
  ) -> CheckedValue? {
    guard case .integer(let integer) = scalar.meaning else {
      let node = YAMLNode(content: .scalar(scalar), range: range, weight: 1, height: 0)
      let hint = !scalar.isPlain && WrittenInteger(scalar.text) != nil ? "leave the quotes out" : nil
      return wrongType(node, "a whole number", context, hint: hint)
    }
    if integer.hasLeadingZero {
      let problem = TextProblem.leadingZero(scalar.text)
      report.error(problem.code, at: range, problem.message, hint: problem.hint)
      return nil
    }
    guard let value = integer.value(as: UInt64.self), allowed.contains(value) else {
      report.error(
        .outOfRange, at: range, "\(context.name) is \(allowed.lowerBound) to \(allowed.upperBound), not \(scalar.text)")
      return nil
    }
    return CheckedValue(content: .integer(value), range: range)
  }

  private mutating func duration(
    _ scalar: YAMLScalar, _ allowed: DurationRange, _ range: Range<Int>, _ context: Context
  ) -> CheckedValue? {
    if scalar.meaning == .null {
      let node = YAMLNode(content: .scalar(scalar), range: range, weight: 1, height: 0)
      return wrongType(node, "a duration", context, hint: "such as \(allowed.default.text)")
    }
    guard let written = WrittenDuration(scalar.text) else {
      let meant = WrittenDuration.suggestion(for: scalar.text).map { "did you mean '\($0)'? " } ?? ""
      report.error(
        .badDuration, at: range, "\(quoted(scalar.text)) is not a duration",
        hint: meant + "(a whole number and us, ms, s or m, such as \(allowed.default.text))")
      return nil
    }
    guard (allowed.shortest.microseconds...allowed.longest.microseconds).contains(written.microseconds) else {
      report.error(
        .outOfRange, at: range,
        "\(context.name) is \(allowed.shortest.text) to \(allowed.longest.text), not \(written.text)")
      return nil
    }
    return CheckedValue(content: .duration(written.duration), range: range)
  }
}
