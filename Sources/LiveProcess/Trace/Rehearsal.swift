internal import CTrace
internal import Glibc

/// A stop of a process that nobody waits for, so that the code of a stop has run once before it stops one that matters.
///
/// The first run through code is slow: its pages are mapped one by one, and Swift builds the descriptions of generic types
/// when they are first used. With a target standing that was 0.25 to 3 ms of a stop that otherwise takes 0.08 ms.
enum Rehearsal {
  /// Stops a sleeping process of the tool's own and lets it go.
  ///
  /// Where that is not allowed, the first real stop says why, and is longer.
  static func perform() {
    TracerThread.run {
      var pid: pid_t = 0
      // SAFETY: the wrapper writes one number.
      guard unsafe trace_start_sleeper(&pid) == 0 else { return }
      defer { trace_end_sleeper(pid) }
      guard let start = ThreadStatus.startTime(pid) else { return }
      try? stop(ProcessIdentity(pid: ProcessID(pid), startTime: start))
    }
  }

  private static func stop(_ sleeper: ProcessIdentity) throws(TraceRefused) {
    let priority = RealtimePriority()
    let seized = try SeizedProcess.seize(sleeper)
    let bound = try StopBound.arm(limit: .seconds(10))
    var stopped = try seized.stop(before: bound.deadline(threads: 1))
    for thread in stopped.threads { try stopped.setRegisters(thread.registers, of: thread.tid) }
    stopped.resume()
    _ = bound.disarm()
    priority.end()
  }
}
