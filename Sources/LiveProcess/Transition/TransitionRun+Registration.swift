internal import Patch

// Exceptions: a patch that one may have to pass through is made known to the program's own unwinder before it comes into effect, and
// taken back before its memory goes. One thread runs the patch's own routine for that, while all others run.
extension TransitionRun {
  /// Makes patches that are to come into effect known.
  mutating func register(_ ids: [SHA256Digest]) throws(SwitchRefusal) {
    for id in ids {
      try retry(until: deadline) { (run: inout TransitionRun) throws(SwitchRefusal) in
        try run.bringRegistration(of: id, to: .registered)
      }
    }
  }

  /// Lets a thread at a resting place run a patch's routine, if what that does is not done already.
  mutating func bringRegistration(
    of id: SHA256Digest, to goal: UnwindRegistration.State
  ) throws(SwitchRefusal) {
    guard let ledger = target.carried.ledgers.first(where: { $0.id == id }), let registration = ledger.registration,
      let records = ledger.unwind
    else { return }
    let state = try target.state(of: registration)
    guard state != goal else { return }
    let (before, routine): (UnwindRegistration.State, RemoteAddress) =
      goal == .registered ? (.none, registration.register) : (.registered, registration.deregister)
    guard state == before else {
      throw SwitchRefusal(patch: ledger.name, .noRestingThread(why: "a thread is still doing what a killed run began"))
    }
    try refuseSharedMemory()
    var place = try RestingPlace(target)
    var obstacles: [ThreadUnusable] = []
    func check(_ thread: StoppedThread) throws(TraceRefused) {
      guard let why = place.obstacle(of: thread) else { return }
      throw .noUsableThread([ThreadUnusable(tid: thread.tid, reason: .notResting(why))])
    }
    for tid in ThreadList.read(request.process.pid) {
      // Only one that waits is stopped for this.
      guard ThreadStatus.state(tid, of: request.process.pid.value) == "S" else {
        obstacles.append(ThreadUnusable(tid: tid, reason: .notResting(RestingPlace.isBusy)))
        continue
      }
      do throws(TraceRefused) {
        try withThread(tid, RestingPlace.calls, frame: .ownStack, where: check) {
          (call: inout RemoteCall) throws(TraceRefused) in
          try call.run(routine, records.lowerBound.value)
        }
        log.changed = true
      } catch {
        switch error {
        case .noUsableThread(let threads): obstacles += threads
        case .threadEnded(let tid): obstacles.append(ThreadUnusable(tid: tid, reason: .ended))
        // It goes on by itself; the word says when it is through.
        case .stopTooLong: break
        default: throw SwitchRefusal(TransitionRefused.Reason(error))
        }
      }
      let now = try target.state(of: registration)
      if now == goal { return }
      guard now == before else {
        throw SwitchRefusal(patch: ledger.name, .noRestingThread(why: "thread \(tid) is still doing it"))
      }
    }
    throw SwitchRefusal(patch: ledger.name, .noRestingThread(why: Self.text(obstacles)))
  }

  /// The obstacles of a few threads, for people.
  private static func text(_ obstacles: [ThreadUnusable]) -> String {
    let shown = obstacles.prefix(4).map { obstacle in
      if case .notResting(let why) = obstacle.reason { return "thread \(obstacle.tid) \(why)" }
      return "thread \(obstacle.tid): \(obstacle.reason)"
    }
    let rest = obstacles.count - shown.count
    return shown.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
  }
}
