/// Takes fields off the front of a line of `/proc`.
struct ByteScanner {
  /// What has not been taken yet.
  private(set) var rest: ArraySlice<UInt8>

  init(_ text: ArraySlice<UInt8>) { rest = text }

  /// Takes the next byte.
  mutating func next() -> UInt8? { rest.popFirst() }

  /// Takes one given text; false, and takes nothing, when another stands there.
  mutating func skip(_ text: StaticString) -> Bool {
    // SAFETY: a static string's bytes live for ever.
    let matches = text.withUTF8Buffer { unsafe rest.starts(with: $0) }
    if matches { rest = rest.dropFirst(text.utf8CodeUnitCount) }
    return matches
  }

  /// Takes all spaces.
  mutating func skipSpaces() { rest = rest.drop { $0 == UInt8(ascii: " ") } }

  /// Takes one character that is either the given one or `-`.
  mutating func flag(_ character: StaticString) -> Bool? {
    if skip(character) { return true }
    return skip("-") ? false : nil
  }

  /// Takes 1 to 16 hexadecimal digits of lower case.
  mutating func hexadecimal() -> UInt64? {
    var value: UInt64 = 0
    var count = 0
    while let byte = rest.first {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return count > 0 ? value : nil
      }
      count += 1
      guard count <= 16 else { return nil }
      value = value << 4 | UInt64(digit)
      rest = rest.dropFirst()
    }
    return count > 0 ? value : nil
  }

  /// Takes decimal digits; nil when there are none or the number does not fit.
  mutating func decimal() -> UInt64? {
    var value: UInt64 = 0
    var count = 0
    while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !tooLarge, !overflow else { return nil }
      value = sum
      count += 1
      rest = rest.dropFirst()
    }
    return count > 0 ? value : nil
  }
}
