/// The characters that may not stand in a manifest: what a reviewer sees must be what is read.
enum ForbiddenCharacter {
  /// Control characters but the line breaks and the tab (which has a message of its own), the line breaks that editors
  /// do not show, the characters that reorder text (Unicode's Bidi_Control), the byte order mark and noncharacters.
  static func contains(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0a, 0x0d: false
    case 0x00...0x1f, 0x7f...0x9f: true
    case 0x2028, 0x2029, 0x061c, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
    case 0xfeff, 0xfdd0...0xfdef: true
    case let value: value & 0xfffe == 0xfffe
    }
  }

  /// Such as `U+202E`.
  static func name(of scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
