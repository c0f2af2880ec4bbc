/// A jump to a function that a 32-bit branch may not reach: `jmp *entry(%rip)` through the image's offset table.
///
/// ```
///  0  ff 25 rel32          jmp   *entry(%rip)
///  6  cc cc                int3: never reached
/// ```
enum X86_64Stub {
  /// The length in bytes, padding included.
  static let length: UInt64 = 8

  /// The bytes of a stub; offsets are from the image's beginning.
  static func bytes(at stub: UInt64, entry: UInt64) -> [UInt8] {
    [0xff, 0x25] + UInt32(truncatingIfNeeded: entry &- (stub + 6)).littleEndianBytes + [0xcc, 0xcc]
  }
}

extension PatchRelocation {
  /// Whether the field is the distance of a call or a jump, so that a stub may stand in for a destination out of reach.
  func isBranch(in section: PatchSection) -> Bool {
    section.kind == .text && type.isBranch(at: Int(clamping: offset), in: section.content) || type == .plt32
  }
}

extension X86_64RelocationType {
  /// Whether a field of this type, in code, is the distance of a call or a jump.
  ///
  /// `R_X86_64_PLT32` always is (psABI 4.4.1). With `R_X86_64_PC32` the opcode before the field tells: `e8` and `e9`, or
  /// `0f 80` to `0f 8f`. Before the field of a RIP-relative operand stands its ModRM byte, whose upper two bits are zero, so
  /// the two cannot be confused.
  package func isBranch(at offset: Int, in code: [UInt8]) -> Bool {
    if self == .plt32 { return true }
    guard self == .pc32, offset >= 1, offset <= code.count else { return false }
    let before = code[offset - 1]
    if before == 0xe8 || before == 0xe9 { return true }
    return offset >= 2 && before & 0xf0 == 0x80 && code[offset - 2] == 0x0f
  }
}
