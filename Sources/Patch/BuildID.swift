/// The GNU build-id of an ELF file: what a patch is made for, and what decides whether a process needs it.
///
/// Source: the `NT_GNU_BUILD_ID` note; 20 bytes with the default SHA-1 style, other lengths are legal.
package struct BuildID: Hashable, Sendable {
  /// The longest note that is accepted, in bytes.
  package static let maximumLength = 64

  /// The bytes of the note's descriptor, 1 to ``maximumLength`` of them.
  package let bytes: [UInt8]

  /// Makes a build-id of a note's descriptor; nil when it is empty or too long.
  package init?(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes.prefix(BuildID.maximumLength + 1))
    guard (1...BuildID.maximumLength).contains(self.bytes.count) else { return nil }
  }

  /// Makes a build-id of an even number of hexadecimal digits of either case; nil for anything else.
  package init?(hex: String) {
    guard let bytes = [UInt8](hexadecimal: hex) else { return nil }
    self.init(bytes: bytes)
  }

  /// The first eight digits, for people.
  package var short: String { String(description.prefix(8)) }
}

extension BuildID: CustomStringConvertible {
  /// The bytes as lower-case hexadecimal digits.
  package var description: String { bytes.hexadecimal }
}

extension BuildID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = BuildID(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a build-id in hexadecimal digits")
    }
    self = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
