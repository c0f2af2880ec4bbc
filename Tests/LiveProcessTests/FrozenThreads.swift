import CTrace
import Glibc
import LiveProcess
import Patch
import VictimKit

/// All threads of a victim, stopped while a closure runs: a small tracer of the tests' own, so that what looks at
/// stopped processes is tested apart from what stops them.
enum FrozenThreads {
  /// Stops a process, runs the closure on the same thread and lets the process go.
  static func with<Result>(_ pid: Int32, _ body: ([StoppedThread]) throws -> Result) throws -> Result {
    let names = try Command.output(["ls", "/proc/\(pid)/task"]).split(whereSeparator: \.isWhitespace)
    let tids = names.compactMap { Int32($0) }
    var threads: [StoppedThread] = []
    var seized: [Int32] = []
    defer { for tid in seized { _ = trace_detach(tid, 0) } }
    for tid in tids {
      guard trace_seize(tid, 0) == 0 else { throw VictimTrouble("cannot seize \(tid)") }
      guard trace_interrupt(tid) == 0 else { throw VictimTrouble("cannot interrupt \(tid)") }
      seized.append(tid)
      var report = trace_report()
      // SAFETY: the report is a value of this frame.
      guard unsafe trace_look(tid, 1, &report) == 0, trace_take(tid) == 0 else {
        throw VictimTrouble("no stop of \(tid)")
      }
      var raw = trace_registers()
      // SAFETY: the registers are a value of this frame.
      guard unsafe trace_get_registers(tid, &raw) == 0 else { throw VictimTrouble("no registers of \(tid)") }
      threads.append(StoppedThread(tid: tid, registers: ThreadRegisters(raw)))
    }
    return try body(threads)
  }
}
