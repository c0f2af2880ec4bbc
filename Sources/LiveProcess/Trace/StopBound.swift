internal import CTrace

/// The promise that a process is held no longer than so: past it the kernel kills the worker that holds it, and so lets it go.
///
/// The timer lives in the kernel, so the promise is kept even if the worker is stopped, starved or hangs. It is the last
/// resort: who works under it looks at ``deadline(threads:)`` before the commit and gives up in time.
package struct StopBound: ~Copyable {
  /// The longest stop.
  package let limit: Duration
  /// When the timer was armed.
  package let start: ContinuousClock.Instant
  private let timer: Int32

  /// Arms the timer; to be called before the first interrupt.
  package static func arm(limit: Duration) throws(TraceRefused) -> StopBound {
    var timer: Int32 = 0
    // SAFETY: the wrapper writes one int.
    var error = unsafe trace_create_kill_timer(&timer)
    guard error == 0 else { throw .kernel(call: "timer_create", errno: error) }
    let bound = StopBound(limit: limit, start: .now, timer: timer)
    let (seconds, attoseconds) = limit.components
    let nanoseconds = UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0)) / 1_000_000_000
    // Zero would disarm it.
    error = trace_set_timer(timer, max(nanoseconds, 1), 0)
    guard error == 0 else { throw .kernel(call: "timer_settime", errno: error) }
    return bound
  }

  deinit { _ = trace_delete_timer(timer) }

  /// When work must be given up so that all threads run again within the limit.
  ///
  /// `threads`: how many have to be resumed; 8 µs each as measured, and as much again for a busy machine.
  package func deadline(threads: Int) -> ContinuousClock.Instant { start + limit - Self.resumeTime(threads: threads) }

  /// Whether a limit is too short for any stop, so that it is refused before anything is interrupted, rather than the
  /// worker killed by its own timer.
  package static func isTooShort(_ limit: Duration, threads: Int) -> Bool {
    limit < resumeTime(threads: threads) * 2
  }

  private static func resumeTime(threads: Int) -> Duration { .microseconds(100 + 16 * threads) }

  /// Disarms the timer, after the last resume; how long it was armed.
  package consuming func disarm() -> Duration {
    _ = trace_set_timer(timer, 0, 0)
    return start.duration(to: .now)
  }
}
