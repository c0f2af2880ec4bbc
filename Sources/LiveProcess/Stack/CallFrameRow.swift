/// How a frame's caller is found at one instruction: a row of DWARF's virtual table (DWARF 5, 6.4.1).
package struct CallFrameRow: Equatable, Sendable {
  /// rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15 and the return address (psABI, figure 3.36).
  package static let registerCount = 17
  /// The number of the return address among the registers.
  package static let returnAddress = 16
  /// The number of the stack pointer among the registers.
  package static let stackPointer = 7

  package enum CFA: Equatable, Sendable {
    case register(Int, offset: Int64)
    /// A DWARF expression: its range in the table.
    case expression(Range<Int>)
  }

  package enum Rule: Equatable, Sendable {
    /// As in the frame itself: callee-saved, or nothing was said.
    case sameValue
    /// Lost; for the return address: there is no caller.
    case undefined
    /// Saved at CFA + offset.
    case saved(Int64)
    /// The value is CFA + offset.
    case value(Int64)
    case register(Int)
    /// Saved where an expression says.
    case savedAt(Range<Int>)
    /// The value that an expression gives.
    case valueOf(Range<Int>)
  }

  package var cfa = CFA.register(CallFrameRow.stackPointer, offset: 8)
  package var rules = [Rule](repeating: .sameValue, count: CallFrameRow.registerCount)
  /// Whether the frame was made by the kernel for a signal handler, so that its caller was interrupted, not calling.
  package var isSignalFrame = false
}
