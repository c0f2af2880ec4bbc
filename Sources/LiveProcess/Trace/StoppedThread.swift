/// One thread of a stopped process, as it stands.
package struct StoppedThread: Equatable, Sendable {
  package let tid: Int32
  /// As they were read when it stopped, or last written.
  package var registers: ThreadRegisters
  package init(tid: Int32, registers: ThreadRegisters) {
    self.tid = tid
    self.registers = registers
  }
}
