/// A thread's memory for a walk: its stacks as copied, everything else from the process.
struct CopiedStackMemory<Source: StackSource>: WalkMemory {
  let copies: StackCopies
  let thread: Int
  /// The thread's copies.
  let indices: [Int]
  let source: Source

  func word(at address: UInt64) -> UInt64? {
    copies.word(at: address, thread: thread, copies: indices) ?? source.word(at: address)
  }
}
