internal import CTrace
internal import Patch

/// The restartable sequence (rseq(2)) in which a stopped thread may stand.
enum RestartableSequence {
  /// The address at which a thread must go on that stands inside such a sequence; nil when it does not.
  ///
  /// The kernel aborts a sequence when the thread is preempted in it or gets a signal, by comparing its rip on the way back to user
  /// mode. A thread that is sent elsewhere in between never stands in its sequence then: the kernel forgets the sequence, and the
  /// thread would go on in it, on another CPU perhaps. So the abort is ours to make, as for a signal.
  static func abortAddress(
    of tid: Int32, at rip: UInt64, memory: borrowing RemoteMemory
  ) throws(TraceRefused) -> UInt64? {
    var configuration = trace_rseq()
    // SAFETY: the wrapper writes one struct. A kernel before 5.13 does not know the request (EIO): the area cannot be found.
    let error = unsafe trace_get_rseq(tid, &configuration)
    guard error == 0 else { throw .kernel(call: "ptrace(PTRACE_GET_RSEQ_CONFIGURATION)", errno: error) }
    guard configuration.area != 0 else { return nil }
    do throws(MemoryAccessFailed) {
      // struct rseq: rseq_cs at 8; struct rseq_cs: start_ip at 8, post_commit_offset at 16, abort_ip at 24.
      let sequence: UInt64 = try memory.integer(at: RemoteAddress(configuration.area &+ 8))
      guard sequence != 0 else { return nil }
      let start: UInt64 = try memory.integer(at: RemoteAddress(sequence &+ 8))
      let length: UInt64 = try memory.integer(at: RemoteAddress(sequence &+ 16))
      let abort: UInt64 = try memory.integer(at: RemoteAddress(sequence &+ 24))
      return rip &- start < length ? abort : nil
    } catch {
      throw .kernel(call: "read(/proc/PID/mem)", errno: error.errno)
    }
  }
}
