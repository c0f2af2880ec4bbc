/// The gate of a replaced function: the replacement where the patch's bit is set, what the entry did before otherwise.
///
/// ```
///  0  41 53                push  %r11
///  2  4c 8b 1d rel32       mov   stateWordAddress(%rip),%r11
///  9  41 f6 43 disp8 mask  testb $mask,disp8(%r11)
/// 14  41 5b                pop   %r11
/// 16  0f 85 rel32          jne   replacement
/// 22  ff 25 rel32          jmp   *elseSlot(%rip)
/// 28  cc cc cc cc          int3: never reached
/// ```
///
/// It changes the flags only, which no caller and no entry relies on, and reads one byte of the state word, so that the
/// word's one aligned store switches every gate at once. Nothing lives below the stack pointer at a function's entry: the
/// call itself has just written there (psABI 3.2.2, the red zone is the callee's own).
package enum X86_64Gate {
  /// The length of a gate in bytes, padding included.
  package static let length: UInt64 = 32
  /// The offsets of the instruction pointer at which ``%r11`` lies on the stack.
  package static let pushedOffsets: Range<UInt64> = 2..<16

  /// The bytes of a gate; offsets are from the image's beginning.
  ///
  /// - Parameters:
  ///   - gate: where the gate lies.
  ///   - literal: the 8 bytes that hold the state word's address.
  ///   - bit: the patch's bit in the state word, 0 to 63.
  ///   - replacement: where calls go while the bit is set.
  ///   - slot: the 8 bytes that hold where calls go otherwise.
  /// - Returns: ``length`` bytes.
  static func bytes(at gate: UInt64, literal: UInt64, bit: Int, replacement: UInt64, slot: UInt64) -> [UInt8] {
    func distance(_ to: UInt64, behind offset: UInt64) -> [UInt8] {
      UInt32(truncatingIfNeeded: to &- (gate + offset)).littleEndianBytes
    }
    return [0x41, 0x53]
      + [0x4c, 0x8b, 0x1d] + distance(literal, behind: 9)
      + [0x41, 0xf6, 0x43, UInt8(bit / 8), 1 << UInt8(bit % 8)]
      + [0x41, 0x5b]
      + [0x0f, 0x85] + distance(replacement, behind: 22)
      + [0xff, 0x25] + distance(slot, behind: 28)
      + [0xcc, 0xcc, 0xcc, 0xcc]
  }
}
