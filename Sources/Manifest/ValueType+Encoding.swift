extension ValueType {
  /// The largest value of type `bytes`: one page.
  static let largestBytes = 4096

  /// The bytes of a written value as they lie in memory (little-endian, as x86-64 and AArch64 Linux have it).
  func encoded(_ scalar: YAMLScalar) throws(TextProblem) -> [UInt8] {
    switch self {
    case .int8: try integer(scalar, as: Int8.self)
    case .int16: try integer(scalar, as: Int16.self)
    case .int32: try integer(scalar, as: Int32.self)
    case .int64: try integer(scalar, as: Int64.self)
    case .uint8: try integer(scalar, as: UInt8.self)
    case .uint16: try integer(scalar, as: UInt16.self)
    case .uint32: try integer(scalar, as: UInt32.self)
    case .uint64: try integer(scalar, as: UInt64.self)
    case .float: littleEndian(try float(scalar, as: Float.self).bitPattern)
    case .double: littleEndian(try float(scalar, as: Double.self).bitPattern)
    case .bool: try boolean(scalar)
    case .bytes: try bytes(scalar)
    }
  }

  private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  private func integer<T: FixedWidthInteger>(_ scalar: YAMLScalar, as type: T.Type) throws(TextProblem) -> [UInt8] {
    guard case .integer(let integer) = scalar.meaning else {
      var hint: String?
      if !scalar.isPlain, WrittenInteger(scalar.text) != nil { hint = "leave the quotes out" }
      if scalar.meaning == .float { hint = "for a number with a fraction the type is float or double" }
      throw TextProblem(.wrongType, "\(quoted(scalar.text)) is not a whole number, which \(rawValue) needs", hint: hint)
    }
    if integer.hasLeadingZero { throw TextProblem.leadingZero(scalar.text) }
    guard let value = integer.value(as: type) else {
      let wider = ValueType.allCases.first { $0.range.map { $0.holds(integer) } ?? false }
      throw TextProblem(
        .outOfRange, "\(quoted(scalar.text)) does not fit in \(rawValue) (\(T.min) to \(T.max))",
        hint: wider.map { "\($0.rawValue) would hold it" })
    }
    return littleEndian(value)
  }

  private func float<T: BinaryFloatingPoint & LosslessStringConvertible>(
    _ scalar: YAMLScalar, as type: T.Type
  ) throws(TextProblem) -> T {
    switch scalar.meaning {
    case .integer(let integer):
      if integer.hasLeadingZero { throw TextProblem.leadingZero(scalar.text) }
      if !WrittenFloat.isNumber(scalar.text) {
        throw TextProblem(.wrongType, "\(quoted(scalar.text)) is not a decimal number, which \(rawValue) needs")
      }
    case .float: break
    case .null, .boolean, .text:
      let hint = !scalar.isPlain && WrittenFloat.isNumber(scalar.text) ? "leave the quotes out" : nil
      throw TextProblem(.wrongType, "\(quoted(scalar.text)) is not a number, which \(rawValue) needs", hint: hint)
    }
    guard let value = WrittenFloat.value(scalar.text, as: type) else {
      throw TextProblem(
        .outOfRange, "\(quoted(scalar.text)) does not fit in \(rawValue)",
        hint: self == .float && WrittenFloat.value(scalar.text, as: Double.self) != nil ? "double would hold it" : nil)
    }
    return value
  }

  private func boolean(_ scalar: YAMLScalar) throws(TextProblem) -> [UInt8] {
    if case .boolean(let value) = scalar.meaning { return [value ? 1 : 0] }
    let hint: String
    switch scalar.text.lowercased() {
    case "1", "yes", "on", "y", "true": hint = "did you mean true?"
    case "0", "no", "off", "n", "false": hint = "did you mean false?"
    default: hint = "(true, false)"
    }
    throw TextProblem(.wrongType, "\(quoted(scalar.text)) is neither true nor false, which bool needs", hint: hint)
  }

  private func bytes(_ scalar: YAMLScalar) throws(TextProblem) -> [UInt8] {
    if let wrong = scalar.text.unicodeScalars.first(where: { !TextRule.isHexadecimal($0) }) {
      throw TextProblem(
        .badBytes, "\(quoted(scalar.text)) is not bytes: \(quoted(String(wrong))) is no hexadecimal digit",
        hint: scalar.text.hasPrefix("0x") ? "leave the 0x out; the bytes stand in the order of memory" : nil)
    }
    let digits = Array(scalar.text.utf8)
    guard !digits.isEmpty, digits.count.isMultiple(of: 2) else {
      throw TextProblem(.badBytes, "\(quoted(scalar.text)) has \(digits.count) digits", hint: "two for each byte")
    }
    guard digits.count / 2 <= Self.largestBytes else {
      throw TextProblem(.outOfRange, "\(digits.count / 2) bytes", hint: "at most \(Self.largestBytes)")
    }
    return stride(from: 0, to: digits.count, by: 2).map { nibble(digits[$0]) << 4 | nibble(digits[$0 + 1]) }
  }

  /// The value of a hexadecimal digit.
  private func nibble(_ digit: UInt8) -> UInt8 {
    digit & 0x0f &+ (digit >> 6) &* 9
  }

  /// What a type of whole numbers holds; nil for the other types.
  var range: IntegerRange? {
    switch self {
    case .int8: IntegerRange(Int8.self)
    case .int16: IntegerRange(Int16.self)
    case .int32: IntegerRange(Int32.self)
    case .int64: IntegerRange(Int64.self)
    case .uint8: IntegerRange(UInt8.self)
    case .uint16: IntegerRange(UInt16.self)
    case .uint32: IntegerRange(UInt32.self)
    case .uint64: IntegerRange(UInt64.self)
    case .float, .double, .bool, .bytes: nil
    }
  }

  /// What a type of whole numbers holds.
  struct IntegerRange {
    var minimum: Int64
    var maximum: UInt64

    init<T: FixedWidthInteger>(_ type: T.Type) {
      minimum = Int64(T.min)
      maximum = UInt64(T.max)
    }

    func holds(_ integer: WrittenInteger) -> Bool {
      guard let magnitude = integer.magnitude else { return false }
      return integer.isNegative ? magnitude <= minimum.magnitude : magnitude <= maximum
    }
  }
}

extension TextProblem {
  /// A number that YAML 1.1 and 1.2 read differently.
  static func leadingZero(_ text: String) -> TextProblem {
    let digits = text.drop { $0 == "+" || $0 == "-" }.drop { $0 == "0" }
    return TextProblem(
      .wrongType, "\(quoted(text)) is octal to some readers of YAML and decimal to others",
      hint: "write '\(text.hasPrefix("-") ? "-" : "")\(digits.isEmpty ? "0" : digits)', or 0o… for octal")
  }
}
