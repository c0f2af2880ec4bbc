/// A stopped thread, as the stack check sees it.
package struct StackThread: Equatable, Sendable {
  package var tid: Int32
  package var registers: WalkRegisters
  /// The base of `fs`: glibc and musl keep a thread's block at the top of its stack.
  package var threadPointer: UInt64

  package init(tid: Int32, registers: WalkRegisters, threadPointer: UInt64) {
    self.tid = tid
    self.registers = registers
    self.threadPointer = threadPointer
  }

  /// A thread as it stands.
  package init(_ thread: StoppedThread) {
    self.init(
      tid: thread.tid, registers: WalkRegisters(thread.registers.byDwarfNumber), threadPointer: thread.registers.fsBase)
  }
}
