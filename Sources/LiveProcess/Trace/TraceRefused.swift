/// Why a process could not be traced, stopped or called; it runs on as it was.
package enum TraceRefused: Error, Equatable, Sendable {
  /// It ended.
  case gone
  /// Its number belongs to another process now, or it started another program.
  case replaced
  /// One thread ended, the others live on.
  case threadEnded(Int32)
  /// Another lpreconcile traces it.
  case anotherReconciler(pid: Int32)
  /// Something else traces it.
  case traced(by: Int32, name: String)
  /// A thread did not stop in time: its number and its state as proc(5) has it (`D`: in an uninterruptible call).
  case stopTooLong(thread: Int32, state: Character)
  /// The address space belongs to that process too.
  case sharesMemory(with: Int32)
  /// No thread can make the calls now: why not, for each that was looked at.
  case noUsableThread([ThreadUnusable])
  /// `shadow stack`, `32-bit code`, `ptrace_scope=3`, …
  case unsupported(String)
  /// The kernel said no.
  case kernel(call: String, errno: Int32)
}

extension TraceRefused {
  /// What it means for tracing that something about the process could not be read.
  init(_ unreadable: ProcessUnreadable) {
    switch unreadable {
    case .gone: self = .gone
    case .denied(let errno, let path): self = .kernel(call: "open(\(path))", errno: errno)
    case .malformed(let path, let line): self = .unsupported("\(path) reads strangely in line \(line)")
    }
  }
}

/// Why one thread cannot make a remote call.
package struct ThreadUnusable: Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// Its seccomp filters forbid that system call; strict mode forbids all but four.
    case seccomp(call: Int)
    case seccompStrict
    /// Its filters cannot be read: an errno value.
    case seccompUnreadable(errno: Int32)
    /// The stack pointer is in no stack that we know to have so many bytes free.
    case noRoom(stackPointer: UInt64, needed: UInt64)
    case shadowStack
    case code32Bit
    /// It does not stop, or waits uninterruptibly: its state as proc(5) has it.
    case state(Character)
    case ended
    /// It is not where it may run a patch's routine (``RestingPlace``): why.
    case notResting(String)
  }
  package let tid: Int32
  package let reason: Reason
}
