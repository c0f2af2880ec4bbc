internal import Glibc
internal import Patch

// One attempt at the switch. Everything that can be computed is computed before the first interrupt; in the stop the same
// is computed again only where memory has changed since.
extension TransitionRun {
  /// Makes the switch in one stop, or leaves everything as it is and says why.
  ///
  /// Only in the stop the kernel says whether the memory file reaches code (`proc_mem.force_override`), since that may depend
  /// on who traces; where it does not, nothing has been written, and a second stop makes the switch word by word.
  mutating func attemptSwitch(on: Set<Int>, off: Set<Int>) throws(SwitchRefusal) {
    let route = target.route
    do throws(SwitchRefusal) { try attemptSwitch(on: on, off: off, by: route) } catch {
      guard target.route != route else { throw error }
      try target.look()
      try attemptSwitch(on: on, off: off, by: target.route)
    }
  }

  private mutating func attemptSwitch(
    on: Set<Int>, off: Set<Int>, by route: CodeWriter.Route
  ) throws(SwitchRefusal) {
    guard let state = target.carried.state, !target.carried.ledgers.isEmpty else {
      guard on.isEmpty else { throw SwitchRefusal(.changedSincePlan) }
      return
    }
    let question = SwitchQuestion(
      ledgers: target.carried.ledgers, needed: try SwitchPlan.neededMemory(target.carried.ledgers), on: on, off: off,
      checksStacks: request.policy.checksStacks, stateWord: state.address, route: route)
    let prepared = try SwitchStop(question, try question.answer(target), target)
    log.valuesLeft = prepared.plan.valuesLeft
    guard !prepared.plan.isEmpty else { return }
    log.tries += 1
    try refuseSharedMemory()
    let threads = ThreadList.read(request.process.pid)
    var check = try InUseCheck(target, threads: threads.count)
    // What the stop will do is done before, where nobody waits: what has not just run is slow (``Rehearsal``). Once for all
    // threads; and, since seizing them takes its time, for a few once more right before.
    // What is found here of imagined threads says nothing.
    let imagined = check.imagined(threads)
    _ = try target.holds(prepared.basis)
    _ = try? prepared.examine(imagined, target, &check)
    let rehearse = { (target: borrowing TransitionTarget) in
      _ = try? target.holds(prepared.basis)
      _ = try? prepared.examine(Array(imagined.prefix(16)), target, &check)
    }
    var committed: SwitchStop?
    try inStop(rehearse: rehearse) { (target, stopped, bound, _) throws(SwitchRefusal) in
      let now =
        try target.holds(prepared.basis)
        ? prepared : try SwitchStop(question, try question.answer(target), target)
      try now.perform(&target, &stopped, bound, &check)
      committed = now
    }
    if let committed = committed?.plan {
      log.valuesLeft = committed.valuesLeft
      log.changed = log.changed || committed.switches
      if committed.steps.contains(where: { $0.phase == .recover }) {
        log.recovered.append("a switch that was not finished")
      }
      noteActivation(committed)
    }
    try target.look()
  }

  /// Notes when patches came into effect: for people; the switch does not depend on it.
  private mutating func noteActivation(_ plan: SwitchPlan) {
    let seconds = Int64(time(nil))
    for ledger in target.carried.ledgers where plan.wordAfter & ~plan.wordBefore & ledger.mask != 0 {
      let at = RemoteAddress(ledger.base.value + UInt64(Ledger.activatedAtOffset))
      // A process that has ended meanwhile needs no note.
      try? writeLedger(seconds.littleEndianBytes, at: at)
    }
  }

  /// Writes into a ledger, which the process itself may only read, while it runs; where the memory file is closed to that,
  /// through one thread that stands.
  private mutating func writeLedger(_ bytes: [UInt8], at address: RemoteAddress) throws(SwitchRefusal) {
    do throws(MemoryAccessFailed) { return try target.memory.write(bytes, at: address) } catch {
      guard error.isWriteForbidden else { throw SwitchRefusal(TransitionRefused.Reason(error)) }
    }
    try withOneThread([]) { (call: inout RemoteCall) throws(TraceRefused) in try call.write(bytes, at: address) }
  }

  /// Stops all threads for some work, and measures from before the first interrupt until after the last resume.
  ///
  /// `rehearse`: called last before the first interrupt; threads that receive a signal meanwhile wait for it.
  mutating func inStop(
    rehearse: (borrowing TransitionTarget) -> Void = { _ in },
    _ work: (
      inout TransitionTarget, inout StoppedProcess, borrowing StopBound, inout TransitionLog
    ) throws(SwitchRefusal) -> Void
  ) throws(SwitchRefusal) {
    let limit = request.policy.maxStop
    let failure: SwitchRefusal?
    do throws(TraceRefused) {
      let seized = try SeizedProcess.seize(request.process)
      let threads = seized.threadCount
      guard !StopBound.isTooShort(limit, threads: threads) else {
        seized.release()
        throw TraceRefused.stopTooLong(thread: request.process.pid.value, state: "R")
      }
      rehearse(target)
      // Not before: what runs at this priority takes a CPU from the target while it is not yet to stand.
      let priority = RealtimePriority()
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
      log.threads = max(log.threads, stopped.threadCount)
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
  /// How what is planned will be written.
  let route: CodeWriter.Route

  /// A plan and what it was computed from.
  struct Answer {
    var word: UInt64
    var memory: MemoryImage
    var plan: SwitchPlan
  }

  /// Reads and computes.
  func answer(_ target: borrowing TransitionTarget) throws(SwitchRefusal) -> Answer {
    let word = try target.word(at: stateWord)
    let memory = try target.image(of: needed)
    let plan = try SwitchPlanner.plan(
      ledgers, word: word, memory: memory, activate: on, deactivate: off, checksStacks: checksStacks,
      by: route)
    return Answer(word: word, memory: memory, plan: plan)
  }
}
