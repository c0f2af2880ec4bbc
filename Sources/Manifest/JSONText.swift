/// A JSON value whose members keep the order in which they are given.
indirect enum JSONText {
  case string(String)
  /// The digits as they are to be written.
  case number(String)
  case boolean(Bool)
  case array([JSONText])
  case object([(String, JSONText)])

  /// The value in one line, without a space.
  var compact: String {
    var out = ""
    write(to: &out, indentation: nil)
    return out
  }

  /// The value over several lines, two spaces a level, with a line break at the end; short lists stay in one line.
  var pretty: String {
    var out = ""
    write(to: &out, indentation: 0)
    return out + "\n"
  }

  private func write(to out: inout String, indentation: Int?) {
    switch self {
    case .string(let text): out += JSONText.quoted(text)
    case .number(let digits): out += digits
    case .boolean(let value): out += value ? "true" : "false"
    case .array(let elements):
      let oneLine = indentation == nil || elements.allSatisfy(\.isScalar)
      let levels = oneLine ? nil : indentation
      JSONText.write(elements.count, "[", "]", to: &out, indentation: levels, gap: indentation != nil) {
        elements[$0].write(to: &$1, indentation: $2)
      }
    case .object(let members):
      JSONText.write(members.count, "{", "}", to: &out, indentation: indentation, gap: false) {
        $1 += JSONText.quoted(members[$0].0) + (indentation == nil ? ":" : ": ")
        members[$0].1.write(to: &$1, indentation: $2)
      }
    }
  }

  private var isScalar: Bool {
    switch self {
    case .string, .number, .boolean: true
    case .array, .object: false
    }
  }

  private static func write(
    _ count: Int, _ open: String, _ close: String, to out: inout String, indentation: Int?, gap: Bool,
    element: (Int, inout String, Int?) -> Void
  ) {
    out += open
    for index in 0..<count {
      if index > 0 { out += indentation == nil && gap ? ", " : "," }
      if let indentation { out += "\n" + String(repeating: "  ", count: indentation + 1) }
      element(index, &out, indentation.map { $0 + 1 })
    }
    if let indentation, count > 0 { out += "\n" + String(repeating: "  ", count: indentation) }
    out += close
  }

  /// The text in quotes, escaped as RFC 8259 asks and no more.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\u{0}"..."\u{1f}":
        out += "\\u00" + hexadecimal([UInt8(truncatingIfNeeded: scalar.value)])
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
