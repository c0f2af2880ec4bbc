/// A process all of whose threads stand still (or the one that was seized); when this value ends, they run on.
package struct StoppedProcess: ~Copyable {
  private let traced: TracedThreads

  init(traced: TracedThreads) { self.traced = traced }

  package var identity: ProcessIdentity { traced.identity }

  /// How many threads stand.
  package var threadCount: Int { traced.entries.count { $0.state == .stopped } }

  /// Every thread that stands, the oldest first, with its registers.
  package var threads: [StoppedThread] {
    traced.entries.compactMap {
      $0.state == .stopped ? StoppedThread(tid: $0.tid, registers: $0.registers) : nil
    }
  }

  /// Writes one thread's general registers.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func setRegisters(_ registers: ThreadRegisters, of tid: Int32) throws(TraceRefused) {
    try traced.setRegisters(registers, of: tid)
  }

  /// The first thread that stands and can make these calls now.
  ///
  /// - Throws: ``TraceRefused/noUsableThread(_:)`` with the obstacle of each.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package func usableThread(
    for calls: [RemoteSystemCall], at sites: RemoteCallSites, frame: SignalFramePlace = .ownStack
  ) throws(TraceRefused) -> Int32 {
    var unusable: [ThreadUnusable] = []
    for thread in threads {
      let size = try ExtendedState(of: thread.tid).bytes.count
      guard
        let reason = ThreadUsability.obstacle(
          of: thread, pid: identity.pid, calls: calls, sites: sites, frame: frame, extendedSize: size)
      else { return thread.tid }
      unusable.append(ThreadUnusable(tid: thread.tid, reason: reason))
    }
    throw .noUsableThread(unusable)
  }

  /// Lets one thread make system calls on its own process, and sets it back to where it stood.
  ///
  /// Nothing happens to the thread before the first call. Should the tool die between any two instructions, the thread
  /// ends the call and returns through a signal frame to what it was doing.
  ///
  /// `tid`: one of the threads that stand; ``usableThread(for:at:frame:)`` finds one that can.
  /// `frame`: where the frame is put, below the thread's own stack unless there is a place of ours.
  /// `deadline`: when waiting for a call ends; the thread is then left to return by itself.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func withRemoteCalls<Result: ~Copyable>(
    in tid: Int32, at sites: RemoteCallSites, frame: SignalFramePlace = .ownStack,
    before deadline: ContinuousClock.Instant,
    _ body: (inout RemoteCall) throws(TraceRefused) -> Result
  ) throws(TraceRefused) -> Result {
    var call = try RemoteCall(in: tid, of: traced, at: sites, frame: frame, deadline: deadline)
    let result: Result
    do throws(TraceRefused) {
      result = try body(&call)
    } catch {
      // The first failure is the one to report: what putting it back says follows from it.
      try? call.finish()
      throw error
    }
    try call.finish()
    return result
  }

  /// Lets all threads run on, no longer traced.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package consuming func resume() {
    traced.release()
  }
}
