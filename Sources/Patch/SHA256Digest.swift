internal import CNettle

/// A SHA-256 digest: the identity of an artifact, of a value patch, and of a function's original bytes.
package struct SHA256Digest: Hashable, Sendable {
  /// How many bytes a digest has.
  package static let length = 32

  /// The digest, ``length`` bytes.
  package let bytes: [UInt8]

  /// Makes a digest of its bytes; nil when there are not ``length`` of them.
  package init?(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes.prefix(SHA256Digest.length + 1))
    guard self.bytes.count == SHA256Digest.length else { return nil }
  }

  /// Makes a digest of 64 hexadecimal digits of either case; nil for anything else.
  package init?(hex: String) {
    guard let bytes = [UInt8](hexadecimal: hex) else { return nil }
    self.init(bytes: bytes)
  }

  /// The digest of some content.
  package init(of content: [UInt8]) {
    var state = sha256_ctx()
    var digest = [UInt8](repeating: 0, count: SHA256Digest.length)
    // SAFETY: the counts are those of the arrays, which live for the calls.
    unsafe nettle_sha256_init(&state)
    unsafe nettle_sha256_update(&state, content.count, content)
    unsafe nettle_sha256_digest(&state, digest.count, &digest)
    bytes = digest
  }

  /// The first eight digits, for people.
  package var short: String { String(description.prefix(8)) }
}

extension SHA256Digest: CustomStringConvertible {
  /// The bytes as lower-case hexadecimal digits.
  package var description: String { bytes.hexadecimal }
}

extension SHA256Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = SHA256Digest(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a SHA-256 in 64 hexadecimal digits")
    }
    self = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
