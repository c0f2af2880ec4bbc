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
}
