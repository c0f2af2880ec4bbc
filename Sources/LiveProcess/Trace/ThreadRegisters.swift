package import CTrace

/// The general registers of one stopped thread, named as the psABI names them.
///
/// In the kernel's order, `struct user_regs_struct`.
package struct ThreadRegisters: Equatable, Sendable {
  package var r15: UInt64 = 0, r14: UInt64 = 0, r13: UInt64 = 0, r12: UInt64 = 0, rbp: UInt64 = 0, rbx: UInt64 = 0
  package var r11: UInt64 = 0, r10: UInt64 = 0, r9: UInt64 = 0, r8: UInt64 = 0
  package var rax: UInt64 = 0, rcx: UInt64 = 0, rdx: UInt64 = 0, rsi: UInt64 = 0, rdi: UInt64 = 0
  /// The number of the system call that the thread is leaving; all ones when it is not in one.
  package var originalRax: UInt64 = .max
  package var rip: UInt64 = 0, cs: UInt64 = 0, eflags: UInt64 = 0, rsp: UInt64 = 0, ss: UInt64 = 0
  package var fsBase: UInt64 = 0, gsBase: UInt64 = 0
  package var ds: UInt64 = 0, es: UInt64 = 0, fs: UInt64 = 0, gs: UInt64 = 0

  package init() {}

  /// The sixteen general registers in the order of their DWARF numbers (psABI, figure 3.36), `rip` as the seventeenth.
  package var byDwarfNumber: [UInt64] {
    [rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip]
  }
}

extension ThreadRegisters {
  /// As the kernel gives them.
  package init(_ raw: trace_registers) {
    // SAFETY: both are the same 27 words in the same order, as the test of this type checks.
    self = unsafe unsafeBitCast(raw, to: ThreadRegisters.self)
  }

  var raw: trace_registers {
    // SAFETY: as above.
    unsafe unsafeBitCast(self, to: trace_registers.self)
  }
}
