/// The two forms of the branch that replaces a function's first bytes.
///
/// Source: Intel SDM volume 2, JMP: `E9 cd` (relative to the next instruction) and `FF /4` with a RIP-relative operand.
package enum X86_64Branch {
  /// The length of the near form in bytes.
  package static let nearLength = 5
  /// The length of the absolute form in bytes.
  package static let absoluteLength = 14

  /// `jmp rel32`; nil when the distance does not fit 32 bits.
  package static func near(from place: RemoteAddress, to destination: RemoteAddress) -> [UInt8]? {
    let next = place.value &+ UInt64(nearLength)
    guard let distance = Int32(exactly: Int64(bitPattern: destination.value &- next)) else { return nil }
    return [0xe9] + UInt32(bitPattern: distance).littleEndianBytes
  }

  /// `jmp *0(%rip)` and the address behind it: reaches everything, changes no register.
  package static func absolute(to destination: RemoteAddress) -> [UInt8] {
    [0xff, 0x25, 0, 0, 0, 0] + destination.value.littleEndianBytes
  }

  /// The form that is as long as the bytes that it replaces; nil when it does not reach or no form has that length.
  ///
  /// - Parameters:
  ///   - length: ``nearLength`` or ``absoluteLength``.
  ///   - place: where the branch will stand.
  ///   - destination: where it leads.
  /// - Returns: `length` bytes.
  package static func bytes(length: Int, from place: RemoteAddress, to destination: RemoteAddress) -> [UInt8]? {
    switch length {
    case nearLength: near(from: place, to: destination)
    case absoluteLength: absolute(to: destination)
    default: nil
    }
  }
}
