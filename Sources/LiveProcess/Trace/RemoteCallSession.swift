/// Remote calls in a running process: one thread stops for them, the others run on.
package enum RemoteCallSession {
  /// Finds a thread that can make the calls, stops it, makes them, and sets it back.
  ///
  /// The oldest thread is asked first. One that ends, does not stop or cannot make the calls is passed over.
  ///
  /// `identity`: whose calls they are.
  /// `calls`: all that may be made, for the seccomp filters.
  /// `limit`: how long the thread may stand.
  /// `body`: makes the calls; nothing in it may wait for the target.
  /// Throws ``TraceRefused/noUsableThread(_:)`` with the obstacle of each thread, or what `body` threw.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package static func run<Result>(
    on identity: ProcessIdentity, calls: [RemoteSystemCall], at sites: RemoteCallSites,
    frame: SignalFramePlace = .ownStack, limit: Duration,
    _ body: (inout RemoteCall) throws(TraceRefused) -> Result
  ) throws(TraceRefused) -> Result {
    guard let threads = ThreadStatus.threads(of: identity.pid.value) else { throw .gone }
    var unusable: [ThreadUnusable] = []
    for tid in threads {
      guard let state = ThreadStatus.state(tid, of: identity.pid.value) else { continue }
      // A thread that has ended, or that waits uninterruptibly: it would not stop.
      if "ZXD".contains(state) {
        unusable.append(ThreadUnusable(tid: tid, reason: state == "D" ? .state(state) : .ended))
        continue
      }
      switch try attempt(tid, of: identity, calls: calls, at: sites, frame: frame, limit: limit, body) {
      case .success(let result): return result
      case .failure(let obstacle): unusable.append(obstacle)
      }
    }
    throw .noUsableThread(unusable)
  }

  private static func attempt<Result>(
    _ tid: Int32, of identity: ProcessIdentity, calls: [RemoteSystemCall], at sites: RemoteCallSites,
    frame: SignalFramePlace, limit: Duration, _ body: (inout RemoteCall) throws(TraceRefused) -> Result
  ) throws(TraceRefused) -> Attempt<Result> {
    let bound = try StopBound.arm(limit: limit)
    let deadline = bound.deadline(threads: 1)
    var stopped: StoppedProcess
    do throws(TraceRefused) {
      stopped = try stop(tid, of: identity, calls: calls, at: sites, frame: frame, before: deadline)
    } catch {
      switch error {
      case .threadEnded: return .failure(ThreadUnusable(tid: tid, reason: .ended))
      case .stopTooLong(_, let state): return .failure(ThreadUnusable(tid: tid, reason: .state(state)))
      case .noUsableThread(let obstacles): return .failure(obstacles.first ?? ThreadUnusable(tid: tid, reason: .ended))
      default: throw error
      }
    }
    let result = try stopped.withRemoteCalls(in: tid, at: sites, frame: frame, before: deadline, body)
    stopped.resume()
    _ = bound.disarm()
    return .success(result)
  }

  private static func stop(
    _ tid: Int32, of identity: ProcessIdentity, calls: [RemoteSystemCall], at sites: RemoteCallSites,
    frame: SignalFramePlace, before deadline: ContinuousClock.Instant
  ) throws(TraceRefused) -> StoppedProcess {
    let stopped = try SeizedProcess.seize(identity, onlyThread: tid).stop(before: deadline)
    _ = try stopped.usableThread(for: calls, at: sites, frame: frame)
    return stopped
  }

  private enum Attempt<Result> {
    case success(Result)
    case failure(ThreadUnusable)
  }
}
