internal import Glibc
package import Patch

/// Memory of a process that could not be read or written as a whole.
package struct MemoryAccessFailed: Error, Equatable, Sendable {
  package enum Operation: Sendable {
    case read, write
    /// A write of a word through a standing thread.
    case poke
  }
  package let operation: Operation
  package let process: ProcessID
  /// Where it was to begin.
  package let address: RemoteAddress
  /// How many bytes were asked for.
  package let count: Int
  /// How many bytes were read or written; more than 0 for a short one: the memory ends behind them.
  package let done: Int
  /// The errno value; 0 when the kernel reported none (a short read, or an address space that has ended).
  package let errno: Int32

  package init(
    operation: Operation, process: ProcessID, address: RemoteAddress, count: Int, done: Int, errno: Int32
  ) {
    self.operation = operation
    self.process = process
    self.address = address
    self.count = count
    self.done = done
    self.errno = errno
  }

  /// Whether the memory file refused a write outright, as it does for read-only pages under `proc_mem.force_override`.
  ///
  /// It says the same of an address that is bad; the other way of a ``CodeWriter`` tells the two apart.
  package var isWriteForbidden: Bool { operation == .write && done == 0 && [EIO, EPERM, EACCES].contains(errno) }
}
