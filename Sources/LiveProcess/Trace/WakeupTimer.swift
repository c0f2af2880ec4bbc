internal import CTrace
internal import Glibc

/// Ends a blocking wait of this thread now and then, so that it can look at the clock.
///
/// waitid(2) has no time limit. A timer sends the waiting thread a signal whose handler does nothing; it repeats, because one
/// that fires just before the wait begins would be missed.
struct WakeupTimer: ~Copyable {
  private let timer: Int32

  init() throws(TraceRefused) {
    let signal = trace_wakeup_signal()
    var timer: Int32 = 0
    var error = trace_handle_as_wakeup(signal)
    if error == 0 { error = trace_unblock(signal) }
    // SAFETY: the wrapper writes one int.
    if error == 0 { error = unsafe trace_create_thread_timer(&timer, trace_gettid(), signal) }
    guard error == 0 else { throw .kernel(call: "timer_create", errno: error) }
    self.timer = timer
  }

  deinit { _ = trace_delete_timer(timer) }

  func start(every nanoseconds: UInt64) { _ = trace_set_timer(timer, nanoseconds, nanoseconds) }
  func stop() { _ = trace_set_timer(timer, 0, 0) }
}
