/// A floating-point number as the core schema of YAML 1.2 writes it.
enum WrittenFloat {
  /// Whether a text is one, an integer included.
  static func isNumber(_ text: String) -> Bool {
    if ["nan", "inf", "-inf", "+inf"].contains(special(text)) { return true }
    var rest = Substring(text).utf8
    func digits() -> Int {
      let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    var count = digits()
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      count += digits()
    }
    guard count > 0 else { return false }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }

  /// Whether a text is one and not an integer.
  static func isFloat(_ text: String) -> Bool { WrittenInteger(text) == nil && isNumber(text) }

  /// The value in a type of floating-point numbers: nil when it does not fit, or is too small to be told from zero.
  static func value<T: BinaryFloatingPoint & LosslessStringConvertible>(_ text: String, as type: T.Type) -> T? {
    switch special(text) {
    case "nan": return T.nan
    case "inf", "+inf": return T.infinity
    case "-inf": return -T.infinity
    default: break
    }
    guard isNumber(text), let value = T(text), value.isFinite else { return nil }
    let significand = text.prefix { $0 != "e" && $0 != "E" }
    if value == 0, significand.contains(where: { ("1"..."9").contains($0) }) { return nil }
    return value
  }

  /// `inf`, `+inf`, `-inf` or `nan` where the text is one of YAML's words for them.
  private static func special(_ text: String) -> String {
    switch text {
    case ".nan", ".NaN", ".NAN": "nan"
    case ".inf", ".Inf", ".INF": "inf"
    case "+.inf", "+.Inf", "+.INF": "+inf"
    case "-.inf", "-.Inf", "-.INF": "-inf"
    default: ""
    }
  }
}
