internal import Glibc
internal import Patch

// One attempt at the switch. Everything that can be computed is computed before the first interrupt; in the stop the same
// is computed again only where memory has changed since.
extension TransitionRun {
  /// Makes the switch in one stop, or leaves everything as it is and says why.
  mutating func attemptSwitch(on: Set<Int>, off: Set<Int>) throws(SwitchRefusal) {
    guard let state = target.carried.state, !target.carried.ledgers.isEmpty else {
      guard on.isEmpty else { throw SwitchRefusal(.changedSincePlan) }
      return
    }
    let question = SwitchQuestion(
      ledgers: target.carried.ledgers, needed: try SwitchPlan.neededMemory(target.carried.ledgers), on: on, off: off,
      checksStacks: request.policy.checksStacks, stateWord: state.address)
    let prepared = try question.answer(target)
    log.valuesLeft = prepared.plan.valuesLeft
    guard !prepared.plan.isEmpty else { return }
    log.tries += 1
    try refuseSharedMemory()
    var check = try InUseCheck(target, threads: ThreadList.read(request.process.pid).count)
    // What the stop will do is done once before, where nobody waits: the first run through code is slow (``Rehearsal``).
    _ = try question.answer(target, unlessAs: prepared)
    check.rehearse(uses: prepared.plan.uses, overwritten: prepared.plan.overwritten)
    var committed: SwitchPlan?
    try inStop { (target, stopped, bound, log) throws(SwitchRefusal) in
      let now = try question.answer(target, unlessAs: prepared)
      try SwitchStop(target: target.identity, question: question, plan: now.plan)
        .perform(target, &stopped, bound, &check)
      committed = now.plan
      log.valuesLeft = now.plan.valuesLeft
      log.changed = log.changed || now.plan.switches
      if now.plan.steps.contains(where: { $0.phase == .recover }) {
        log.recovered.append("a switch that was not finished")
      }
    }
    if let committed { noteActivation(committed) }
    try target.look()
  }

  /// Notes when patches came into effect: for people; the switch does not depend on it.
  private func noteActivation(_ plan: SwitchPlan) {
    let seconds = Int64(time(nil))
    for ledger in target.carried.ledgers where plan.wordAfter & ~plan.wordBefore & ledger.mask != 0 {
      let at = RemoteAddress(ledger.base.value + UInt64(Ledger.activatedAtOffset))
      // A process that has ended meanwhile needs no note.
      try? target.write(seconds.littleEndianBytes, at: at)
    }
  }

  /// Stops all threads for some work, and measures from before the first interrupt until after the last resume.
  mutating func inStop(
    _ work: (
      inout TransitionTarget, inout StoppedProcess, borrowing StopBound, inout TransitionLog
    ) throws(SwitchRefusal) -> Void
  ) throws(SwitchRefusal) {
    let limit = request.policy.maxStop
    let failure: SwitchRefusal?
    do throws(TraceRefused) {
      let priority = RealtimePriority()
      let seized = try SeizedProcess.seize(request.process)
      let threads = seized.threadCount
      guard !StopBound.isTooShort(limit, threads: threads) else {
        seized.release()
        throw TraceRefused.stopTooLong(thread: request.process.pid.value, state: "R")
      }
      let bound = try StopBound.arm(limit: limit)
      let begun = ContinuousClock.now
      let end = bound.deadline(threads: threads)
      var stopped: StoppedProcess
      do throws(TraceRefused) {
        stopped = try seized.stop(before: end)
      } catch {
        log.note(stop: begun.duration(to: .now))
        throw error
      }
      do throws(SwitchRefusal) {
        try work(&target, &stopped, bound, &log)
        failure = nil
      } catch { failure = error }
      log.threads = max(log.threads, stopped.threads.count)
      stopped.resume()
      log.note(stop: bound.disarm())
      priority.end()
    } catch {
      var reason = TransitionRefused.Reason(error)
      if case .stopTooLong = error { reason = .stopTooLong(limit: limit) }
      throw SwitchRefusal(reason)
    }
    if let failure { throw failure }
  }
}

/// What is asked of a switch, and the memory that the answer depends on.
struct SwitchQuestion {
  let ledgers: [Ledger]
  let needed: [Range<RemoteAddress>]
  let on: Set<Int>
  let off: Set<Int>
  let checksStacks: Bool
  let stateWord: RemoteAddress

  /// A plan and what it was computed from.
  struct Answer {
    var word: UInt64
    var memory: MemoryImage
    var plan: SwitchPlan
  }

  /// Reads and computes.
  ///
  /// `old`: an earlier answer, which still is one when the memory has not changed.
  func answer(_ target: borrowing TransitionTarget, unlessAs old: Answer? = nil) throws(SwitchRefusal) -> Answer {
    let word = try target.read(8, at: stateWord).little(UInt64.self, at: 0) ?? 0
    let memory = try target.image(of: needed)
    if let old, old.word == word, old.memory == memory { return old }
    let plan = try SwitchPlanner.plan(
      ledgers, word: word, memory: memory, activate: on, deactivate: off, checksStacks: checksStacks)
    return Answer(word: word, memory: memory, plan: plan)
  }
}
