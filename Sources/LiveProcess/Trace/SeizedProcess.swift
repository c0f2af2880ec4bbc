/// A process whose threads are traced and run on; when this value ends, they are let go.
///
/// A traced thread that receives a signal stands until the tracer answers, so this state is to be a short one: seize, then
/// stop. One process per tracing thread at a time.
package struct SeizedProcess: ~Copyable {
  private let traced: TracedThreads

  /// Whose threads these are.
  package var identity: ProcessIdentity { traced.identity }
  /// How many threads are traced.
  package var threadCount: Int { traced.entries.count }

  /// Seizes all threads without stopping any; new ones attach themselves.
  ///
  /// The start time is compared again afterwards. An exec before the seize keeps it, so the caller reads the mappings
  /// again now; one from here on makes `stop` say `replaced`.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package static func seize(_ identity: ProcessIdentity) throws(TraceRefused) -> SeizedProcess {
    let traced = try TracedThreads(of: identity)
    try traced.seizeAll()
    return SeizedProcess(traced: traced)
  }

  /// Seizes one thread only, the others run on untraced; for remote calls.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package static func seize(_ identity: ProcessIdentity, onlyThread tid: Int32) throws(TraceRefused) -> SeizedProcess {
    let traced = try TracedThreads(of: identity)
    guard try traced.seize(tid) else { throw .threadEnded(tid) }
    try traced.checkIdentity()
    return SeizedProcess(traced: traced, isWhole: false)
  }

  private let isWhole: Bool
  private init(traced: TracedThreads, isWhole: Bool = true) {
    self.traced = traced
    self.isWhole = isWhole
  }

  /// Interrupts all threads and waits for them; past the deadline all run on.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package consuming func stop(before deadline: ContinuousClock.Instant) throws(TraceRefused) -> StoppedProcess {
    let traced = self.traced
    try traced.stopAll(before: deadline, isWhole: isWhole)
    return StoppedProcess(traced: traced)
  }

  /// Lets all threads go.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package consuming func release() {
    traced.release()
  }
}
