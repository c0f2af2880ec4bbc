/// What the kernel leaves on a stack when it calls a signal handler (Linux, `struct rt_sigframe`): the restorer's
/// address, then a `ucontext_t` whose registers are those of the interrupted code.
package enum X86_64SignalFrame {
  /// `cs` 0x33, `gs` 0, `fs` 0, `ss` 0x2b in one word: what the kernel writes for 64-bit code, and hardly anything else.
  package static let segments: UInt64 = 0x002b_0000_0000_0033

  /// Where things lie in the `ucontext_t` (`struct sigcontext` begins at 40), in bytes.
  static let firstRegister: UInt64 = 40
  static let stackPointer: UInt64 = 160
  static let instructionPointer: UInt64 = 168
  package static let segmentsOffset: UInt64 = 184

  /// The order of `struct sigcontext` in DWARF's register numbers: r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip.
  private static let order = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16]

  /// The interrupted frame, when an instruction is a restorer that has no call-frame information: musl's, Go's.
  static func interrupted<Memory: WalkMemory>(
    by instruction: UInt64, registers: WalkRegisters, memory: Memory
  ) -> StackWalk.Step? {
    guard isRestorer(instruction, memory: memory), let context = registers.stackPointer else { return nil }
    var caller = registers
    for (index, number) in order.enumerated() {
      guard let value = memory.word(at: context &+ firstRegister &+ UInt64(index) * 8) else { return nil }
      caller.values[number] = value
    }
    return .caller(caller, returnSlot: context &+ instructionPointer)
  }

  /// Whether `mov $15,%rax` (in either encoding) and `syscall` stand at an address: `rt_sigreturn`.
  private static func isRestorer<Memory: WalkMemory>(_ instruction: UInt64, memory: Memory) -> Bool {
    guard let first = memory.word(at: instruction) else { return false }
    if first & 0x00ff_ffff_ffff_ffff == 0x0005_0f00_0000_0fb8 { return true }
    guard first == 0x0f00_0000_0fc0_c748, let second = memory.word(at: instruction &+ 8) else { return false }
    return second & 0xff == 0x05
  }
}
