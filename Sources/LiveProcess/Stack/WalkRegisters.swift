/// The general registers of one frame, numbered as in call-frame information (psABI, figure 3.36).
package struct WalkRegisters: Equatable, Sendable {
  /// In DWARF's order; nil where the value was lost.
  package var values: [UInt64?]

  /// Registers of a thread, in DWARF's order: rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, rip.
  ///
  /// - Parameter values: exactly ``CallFrameRow/registerCount`` of them; missing ones count as lost.
  package init(_ values: [UInt64]) {
    self.values = Array(values.prefix(CallFrameRow.registerCount))
    while self.values.count < CallFrameRow.registerCount { self.values.append(nil) }
  }

  /// The instruction pointer.
  package var instructionPointer: UInt64? { values[CallFrameRow.returnAddress] }
  /// The stack pointer.
  package var stackPointer: UInt64? { values[CallFrameRow.stackPointer] }
}
