/// SHA-256 over content that is whole in memory, as FIPS 180-4, section 6.2, has it.
///
/// Of our own for the reasons in `docs/decisions/sha256-of-our-own.md`. It guards content against change, with nothing
/// secret in it, so that its time may depend on its input.
struct SHA256 {
  private var state: InlineArray<8, UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]

  private init() {}

  /// The digest of some content: 32 bytes.
  static func digest(of content: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    let bytes = content.span
    var place = 0
    while bytes.count - place >= block {
      hash.take(bytes, at: place)
      place += block
    }
    // What is left, a one bit, zeros, and the length in bits: one block or two (section 5.1.1).
    var rest = Array(content[place...])
    rest.append(0x80)
    while rest.count % block != block - 8 { rest.append(0) }
    let bits = UInt64(content.count) &* 8
    for byte in 0..<8 { rest.append(UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * byte))) }
    place = 0
    while place < rest.count {
      hash.take(rest.span, at: place)
      place += block
    }
    return hash.bytes
  }

  private static let block = 64

  private var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(SHA256Digest.length)
    for index in state.indices {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: state[index] >> UInt32(shift))) }
    }
    return bytes
  }

  /// Section 6.2.2: one block of the message.
  private mutating func take(_ message: borrowing Span<UInt8>, at place: Int) {
    var schedule = InlineArray<64, UInt32>(repeating: 0)
    for word in 0..<16 {
      let first = place + 4 * word
      schedule[word] =
        UInt32(message[first]) << 24 | UInt32(message[first + 1]) << 16 | UInt32(message[first + 2]) << 8
        | UInt32(message[first + 3])
    }
    for word in 16..<64 {
      let near = schedule[word - 2], far = schedule[word - 15]
      schedule[word] =
        (near.rotated(17) ^ near.rotated(19) ^ near >> 10) &+ schedule[word - 7]
        &+ (far.rotated(7) ^ far.rotated(18) ^ far >> 3) &+ schedule[word - 16]
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for round in 0..<64 {
      let choice = (e & f) ^ (~e & g)
      let first =
        h &+ (e.rotated(6) ^ e.rotated(11) ^ e.rotated(25)) &+ choice &+ SHA256.constants[round] &+ schedule[round]
      let majority = (a & b) ^ (a & c) ^ (b & c)
      let second = (a.rotated(2) ^ a.rotated(13) ^ a.rotated(22)) &+ majority
      (h, g, f, e) = (g, f, e, d &+ first)
      (d, c, b, a) = (c, b, a, first &+ second)
    }
    for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
  private static let constants: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}

extension UInt32 {
  /// Rotated to the right.
  fileprivate func rotated(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}
