internal import Patch

// Unloading: only what nobody can come back to is unmapped; what cannot be proved stays, and says why.
extension TransitionRun {
  /// Unmaps patches that are not in effect, and the state word after the last of them.
  mutating func unload(_ ids: [SHA256Digest], until end: ContinuousClock.Instant) throws(SwitchRefusal) {
    // Waiting for a thread to leave an image that is not in effect is a nicety: not longer than this.
    let patience = min(end, ContinuousClock.now + .seconds(2))
    for id in ids {
      do throws(SwitchRefusal) {
        try retry(until: patience) { (run: inout TransitionRun) throws(SwitchRefusal) in
          try run.attemptUnload(id)
        }
      } catch {
        guard error.reason.isBusy || error.reason.keepsLoaded else { throw error }
        log.keptLoaded.append(TransitionOutcome.KeptLoaded(patch: id, reason: error.reason))
      }
    }
    if target.carried.ledgers.isEmpty { dropState() }
  }

  private mutating func attemptUnload(_ id: SHA256Digest) throws(SwitchRefusal) {
    guard let ledger = target.carried.ledgers.first(where: { $0.id == id }), let range = ledger.mappedRange,
      let state = target.carried.state
    else { return }
    guard state.word & ledger.mask == 0 else { throw SwitchRefusal(patch: ledger.name, .changedSincePlan) }
    var isRegistered = false
    if let registration = ledger.registration { isRegistered = try target.state(of: registration) != .none }
    let question = SwitchQuestion(
      ledgers: target.carried.ledgers, needed: try SwitchPlan.neededMemory(target.carried.ledgers), on: [], off: [],
      checksStacks: true, stateWord: state.address, route: target.route)
    var check = try InUseCheck(target, threads: ThreadList.read(request.process.pid).count)
    try refuseSharedMemory()
    var scan = try ReferenceScan(for: ledger, in: range, target, maxStop: request.policy.maxStop)
    try scan.lookWhileRunning(target)
    try inStop { (target, stopped, bound, log) throws(SwitchRefusal) in
      let answer = try question.answer(target)
      guard answer.plan.isEmpty, answer.word & ledger.mask == 0 else {
        throw SwitchRefusal(patch: ledger.name, .changedSincePlan)
      }
      try refuseReferences(ledger, target)
      try check.refuse(image: range, of: ledger, stopped.threads, target)
      try scan.refuseReferences(stopped.threads, target, before: bound.deadline(threads: stopped.threadCount))
      if scan.isNeeded {
        let end = bound.deadline(threads: stopped.threadCount)
        try HandlerCheck.refuse(ledger, range, target, &stopped, before: end)
      }
      // An exception may have to pass the code as long as anybody can be in it: the unwinder forgets it when nobody can.
      if isRegistered { return }
      try UnmapCall.make(range, target, &stopped, before: bound.deadline(threads: stopped.threadCount))
      log.changed = true
    }
    try target.look()
    guard isRegistered else { return }
    try bringRegistration(of: id, to: .none)
    try attemptUnload(id)
  }

  /// Who shares the memory (vfork, CLONE_VM) runs in it, and no stop of this process's threads stops them.
  func refuseSharedMemory() throws(SwitchRefusal) {
    guard let other = SharedAddressSpace.other(than: request.process.pid) else { return }
    throw SwitchRefusal(.sharesMemory(with: other.value))
  }

  /// Unmaps the state word when nothing needs it; it is left where no thread can do that now.
  private mutating func dropState() {
    guard let state = target.carried.state, state.word == 0 else { return }
    let range = state.range
    // A page that stays is no harm: the next transition uses it.
    try? inStop { (target, stopped, bound, _) throws(SwitchRefusal) in
      guard target.isSameProgram, !stopped.threads.contains(where: { target.isInOurFrame($0.registers) }) else {
        return
      }
      try UnmapCall.make(
        range, target, &stopped, frame: .ownStack, before: bound.deadline(threads: stopped.threadCount))
    }
    try? target.look()
  }
}

/// No entry may lead into an image that goes, whoever wrote it.
private func refuseReferences(_ ledger: Ledger, _ target: borrowing TransitionTarget) throws(SwitchRefusal) {
  for function in ledger.functions {
    let found = try target.read(function.original.count, at: function.place)
    let own = [function.direct, function.gate?.branch].compactMap { $0 }
    guard !own.contains(where: { found.starts(with: $0) }) else {
      throw SwitchRefusal(ledger, function, .changedSincePlan)
    }
  }
}

/// A munmap by a stopped thread while all others stand too.
enum UnmapCall {
  /// Makes it.
  static func make(
    _ range: Range<RemoteAddress>, _ target: borrowing TransitionTarget, _ stopped: inout StoppedProcess,
    frame: SignalFramePlace? = nil, before end: ContinuousClock.Instant
  ) throws(SwitchRefusal) {
    let result: Int64
    do throws(TraceRefused) {
      let frame = frame ?? target.frame
      let thread = try stopped.usableThread(
        for: [RemoteSystemCall(RemoteFile.munmap)], at: target.sites, frame: frame)
      result = try stopped.withRemoteCalls(in: thread, at: target.sites, frame: frame, before: end) {
        (call: inout RemoteCall) throws(TraceRefused) -> Int64 in
        try call.perform(RemoteFile.munmap, range.lowerBound.value, UInt64(range.count))
      }
    } catch { throw SwitchRefusal(TransitionRefused.Reason(error)) }
    guard result == 0 else { throw SwitchRefusal(.kernel(call: "munmap", errno: Int32(clamping: -result))) }
  }
}

extension TransitionRefused.Reason {
  /// Whether a patch that cannot be unloaded for this reason simply stays.
  var keepsLoaded: Bool {
    switch self {
    case .foreignBytes, .unsupported, .stillReferenced: true
    default: false
    }
  }
}
