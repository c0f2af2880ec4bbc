/// The manifest's JSON Schema (draft-07), made from the table of keys that the checker reads.
package enum ManifestSchema {
  /// The schema as text, with a line break at the end.
  package static var text: String {
    var members: [(String, JSONText)] = [
      ("$schema", .string("http://json-schema.org/draft-07/schema#")),
      ("title", .string("lpreconcile PatchSet (\(ManifestShape.apiVersion))")),
      (
        "$comment",
        .string("Made by `lpreconcile schema`. What a schema cannot judge `lpreconcile validate` does.")
      ),
    ]
    members += object(ManifestShape.document)
    return JSONText.object(members).pretty
  }

  /// The names of all keys of a manifest, for whoever checks that documents name them.
  package static var keys: Set<String> { keys(of: ManifestShape.document) }

  private static func keys(of record: RecordShape) -> Set<String> {
    record.keys.reduce(into: []) { names, key in
      names.insert(key.name)
      switch key.shape {
      case .record(let inner), .list(.record(let inner), _): names.formUnion(keys(of: inner))
      case .constant, .choice, .text, .integer, .duration, .list, .valueOfType: break
      }
    }
  }

  private static func object(_ record: RecordShape) -> [(String, JSONText)] {
    var members: [(String, JSONText)] = [("type", .string("object")), ("additionalProperties", .boolean(false))]
    let required = record.keys.filter(\.isRequired)
    if !required.isEmpty { members.append(("required", strings(required.map(\.name)))) }
    let properties = record.keys.map { key in
      (key.name, JSONText.object([("description", .string(key.description))] + schema(key.shape)))
    }
    members.append(("properties", .object(properties)))
    if !record.alternatives.isEmpty {
      members.append(("oneOf", .array(record.alternatives.map { alternative($0, in: record) })))
    }
    let typed = record.keys.filter { if case .valueOfType = $0.shape { true } else { false } }.map(\.name)
    if !typed.isEmpty { members.append(("allOf", .array(ValueType.allCases.map { values(typed, of: $0) }))) }
    return members
  }

  private static func alternative(_ group: [String], in record: RecordShape) -> JSONText {
    let others = record.alternatives.filter { $0 != group }.flatMap { $0 }
    let none = others.map { JSONText.object([("required", strings([$0]))]) }
    return .object([("required", strings(group)), ("not", .object([("anyOf", .array(none))]))])
  }

  private static func schema(_ shape: Shape) -> [(String, JSONText)] {
    switch shape {
    case .constant(let word, _): return [("const", .string(word))]
    case .choice(_, let words, let standard):
      return [("enum", strings(words))] + (standard.map { [("default", .string($0))] } ?? [])
    case .text(let rule): return text(rule)
    case .integer(let allowed, let standard):
      let limits: [(String, JSONText)] = [
        ("type", .string("integer")), ("minimum", .number(String(allowed.lowerBound))),
        ("maximum", .number(String(allowed.upperBound))),
      ]
      return limits + (standard.map { [("default", .number(String($0)))] } ?? [])
    case .duration(let allowed):
      return [
        ("type", .string("string")), ("pattern", .string(WrittenDuration.pattern)),
        ("default", .string(allowed.default.text)),
      ]
    case .list(let element, let minimum):
      let least: [(String, JSONText)] = minimum > 0 ? [("minItems", .number(String(minimum)))] : []
      return [("type", .string("array"))] + least + [("items", .object(schema(element)))]
    case .record(let record): return object(record)
    case .valueOfType: return [("type", strings(["number", "boolean", "string"]))]
    }
  }

  private static func text(_ rule: TextRule) -> [(String, JSONText)] {
    let string: (String, JSONText) = ("type", .string("string"))
    // Readers that take digits for a number must not refuse what is always text to lpreconcile.
    let stringOrNumber: (String, JSONText) = ("type", strings(["string", "number"]))
    switch rule {
    case .name: return [string, ("pattern", .string("^[A-Za-z0-9._-]{1,64}$"))]
    case .description: return [string, ("minLength", .number("1")), ("maxLength", .number("4096"))]
    case .binary: return [string, ("pattern", .string("^(/(?!\\.{1,2}(/|$))[^/]+)+$")), longest(TextRule.longestPath)]
    case .buildID: return [stringOrNumber, ("pattern", .string("^([0-9a-fA-F]{2}){1,64}$"))]
    case .sha256: return [stringOrNumber, ("pattern", .string("^[0-9a-fA-F]{64}$"))]
    case .artifactPath: return [string, ("pattern", .string("[^/]$")), longest(TextRule.longestPath)]
    case .symbol: return [string, ("pattern", .string("^\\S+$")), longest(1024)]
    case .user:
      return [
        ("type", strings(["string", "integer"])), ("pattern", .string("^[^\\s:/+-][^\\s:/]*$")),
        ("minimum", .number("0")), ("maximum", .number(String(UInt32.max - 1))),
      ]
    case .cgroup: return [string, ("pattern", .string("^/"))]
    case .argument: return [string]
    }
  }

  private static func values(_ keys: [String], of type: ValueType) -> JSONText {
    let value: JSONText
    switch type {
    case .bool: value = .object([("type", .string("boolean"))])
    case .bytes:
      value = .object([
        ("type", strings(["string", "number"])), ("pattern", .string("^([0-9a-fA-F]{2})+$")),
        longest(ValueType.largestBytes * 2),
      ])
    case .float, .double: value = .object([("type", .string("number"))])
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
      let range = type.range
      value = .object([
        ("type", .string("integer")), ("minimum", .number(range.map { String($0.minimum) } ?? "0")),
        ("maximum", .number(range.map { String($0.maximum) } ?? "0")),
      ])
    }
    let isType = JSONText.object([
      ("properties", .object([("type", .object([("const", .string(type.rawValue))]))])),
      ("required", strings(["type"])),
    ])
    return .object([("if", isType), ("then", .object([("properties", .object(keys.map { ($0, value) }))]))])
  }

  private static func longest(_ characters: Int) -> (String, JSONText) {
    ("maxLength", .number(String(characters)))
  }

  private static func strings(_ texts: [String]) -> JSONText { .array(texts.map { .string($0) }) }
}
