internal import Glibc
internal import Patch

/// One transition, step by step, on the thread that traces.
struct TransitionRun: ~Copyable {
  let request: TransitionRequest
  let deadline: ContinuousClock.Instant
  var target: TransitionTarget
  var log: TransitionLog

  /// Does all of it.
  static func perform(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
    var log = TransitionLog()
    do throws(SwitchRefusal) {
      try TransitionRun.perform(request, &log)
      return log.outcome
    } catch {
      throw TransitionRefused(
        process: request.process, patch: error.patch, symbol: error.symbol,
        reason: reason(error.reason, of: request.process), tries: log.tries, longestStop: log.longestStop)
    }
  }

  /// A process that has ended refuses everything in many words: it is gone, and that is no failure.
  private static func reason(
    _ reason: TransitionRefused.Reason, of process: ProcessIdentity
  ) -> TransitionRefused.Reason {
    guard let stat = try? ProcessStat.read(process.pid), stat.startTime == process.startTime, !stat.isZombie else {
      return .gone
    }
    return reason
  }

  private static func perform(_ request: TransitionRequest, _ log: inout TransitionLog) throws(SwitchRefusal) {
    let deadline = ContinuousClock.now + request.policy.retryFor
    let lock = try waitForLock(request.process, until: deadline)
    var run = TransitionRun(
      request: request, deadline: deadline, target: try TransitionTarget(request.process), log: log)
    defer { log = run.log }
    try run.performLocked()
    _ = lock.isHeld
  }

  private static func waitForLock(
    _ process: ProcessIdentity, until deadline: ContinuousClock.Instant
  ) throws(SwitchRefusal) -> ProcessLock {
    var pause = Pause()
    while true {
      do throws(ProcessUnreadable) {
        if let lock = try ProcessLock(process.pid) { return lock }
      } catch { throw SwitchRefusal(TransitionRefused.Reason(error)) }
      guard ContinuousClock.now < deadline else {
        throw SwitchRefusal(.anotherReconciler(pid: ProcessLock.holder(process.pid) ?? 0))
      }
      pause.wait()
    }
  }

  private mutating func performLocked() throws(SwitchRefusal) {
    try clearLeftovers()
    var loaded: [SHA256Digest] = []
    do throws(SwitchRefusal) {
      for content in request.load where !target.carried.ledgers.contains(where: { $0.id == content.id }) {
        try load(content)
        loaded.append(content.id)
        log.changed = true
      }
      try register(request.activate)
      try convergeSwitch()
    } catch {
      // All or nothing: what was loaded for a switch that was not made goes again, if it can.
      if !loaded.isEmpty {
        try? unload(loaded, until: ContinuousClock.now + .seconds(1))
        log.changed = false
        log.keptLoaded = []
      }
      throw error
    }
    try unload(request.unload, until: deadline)
  }

  // MARK: Trying again

  /// Makes attempts until one is made, a refusal is final, or the time is over; nothing is stopped between them.
  mutating func retry(
    until end: ContinuousClock.Instant, _ attempt: (inout TransitionRun) throws(SwitchRefusal) -> Void
  ) throws(SwitchRefusal) {
    var pause = Pause()
    while true {
      do throws(SwitchRefusal) {
        try attempt(&self)
        return
      } catch {
        guard error.reason.isBusy, ContinuousClock.now < end else { throw named(error) }
      }
      pause.wait()
      try target.look()
    }
  }

  /// A refusal whose backtrace has names: made once, when everything runs on again.
  private func named(_ refusal: SwitchRefusal) -> SwitchRefusal {
    guard case .functionInUse(let thread, let backtrace) = refusal.reason else { return refusal }
    var names = FrameNames(of: request.process.pid, map: target.map)
    return SwitchRefusal(
      patch: refusal.patch, symbol: refusal.symbol,
      .functionInUse(thread: thread, backtrace: names.named(backtrace)))
  }

  // MARK: The switch

  private mutating func convergeSwitch() throws(SwitchRefusal) {
    var on: Set<Int> = []
    var off: Set<Int> = []
    for id in request.activate {
      guard let ledger = target.carried.ledgers.first(where: { $0.id == id }) else { throw SwitchRefusal(.notLoaded) }
      on.insert(ledger.bit)
    }
    // What is not carried is not active.
    for id in request.deactivate + request.unload {
      if let ledger = target.carried.ledgers.first(where: { $0.id == id }) { off.insert(ledger.bit) }
    }
    off.subtract(on)
    let (activate, deactivate) = (on, off)
    try retry(until: deadline) { (run: inout TransitionRun) throws(SwitchRefusal) in
      try run.attemptSwitch(on: activate, off: deactivate)
    }
  }
}

/// How long to wait before the next attempt: longer each time, up to a tenth of a second.
struct Pause {
  private var microseconds: UInt32 = 1_000

  /// Waits; nothing is stopped meanwhile.
  mutating func wait() {
    usleep(microseconds)
    microseconds = min(microseconds * 2, 100_000)
  }
}
