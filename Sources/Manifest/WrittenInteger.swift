/// An integer as the core schema of YAML 1.2 writes it: `-12`, `0o14`, `0xc`.
struct WrittenInteger: Equatable {
  var isNegative: Bool
  /// Nil when it needs more than 64 bits.
  var magnitude: UInt64?
  /// A zero before other decimal digits: octal in YAML 1.1, decimal in 1.2.
  var hasLeadingZero: Bool

  /// Reads one; nil for anything else.
  init?(_ text: String) {
    var digits = Substring(text)
    var radix = 10
    isNegative = false
    if digits.hasPrefix("0x") || digits.hasPrefix("0o") {
      radix = digits.hasPrefix("0x") ? 16 : 8
      digits = digits.dropFirst(2)
    } else if digits.hasPrefix("-") || digits.hasPrefix("+") {
      isNegative = digits.hasPrefix("-")
      digits = digits.dropFirst()
    }
    let allowed = digits.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "7"): true
      case UInt8(ascii: "8")...UInt8(ascii: "9"): radix > 8
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): radix == 16
      default: false
      }
    }
    guard !digits.isEmpty, allowed else { return nil }
    magnitude = UInt64(digits, radix: radix)
    hasLeadingZero = radix == 10 && digits.utf8.count > 1 && digits.hasPrefix("0")
  }

  /// The value as another type; nil when it does not fit.
  func value<T: FixedWidthInteger>(as type: T.Type) -> T? {
    guard let magnitude else { return nil }
    guard isNegative else { return T(exactly: magnitude) }
    if magnitude == 0 { return 0 }
    guard T.isSigned, magnitude <= T.min.magnitude else { return nil }
    // The lowest number has no positive counterpart in its own type.
    return T(truncatingIfNeeded: 0 &- magnitude)
  }
}
