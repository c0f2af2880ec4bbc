internal import Patch

// Loading: one thread makes the calls, the others run on; what is mapped has its ledger from the first instant.
extension TransitionRun {
  /// Stops one thread, the first that can, and lets it make some calls.
  mutating func withOneThread<Result: ~Copyable>(
    _ calls: [RemoteSystemCall], frame: SignalFramePlace? = nil,
    _ body: (inout RemoteCall) throws(TraceRefused) -> Result
  ) throws(SwitchRefusal) -> Result {
    var last = TraceRefused.noUsableThread([])
    for tid in ThreadList.read(request.process.pid) {
      do throws(TraceRefused) {
        return try withThread(tid, calls, frame: frame ?? target.frame, body)
      } catch {
        switch error {
        case .noUsableThread, .threadEnded, .stopTooLong: last = error
        default: throw SwitchRefusal(TransitionRefused.Reason(error))
        }
      }
    }
    var reason = TransitionRefused.Reason(last)
    if case .stopTooLong = last { reason = .stopTooLong(limit: request.policy.maxStop) }
    throw SwitchRefusal(reason)
  }

  /// Stops one thread and lets it make some calls, if it can and what is asked of it throws nothing.
  mutating func withThread<Result: ~Copyable>(
    _ tid: Int32, _ calls: [RemoteSystemCall], frame: SignalFramePlace,
    where check: (StoppedThread) throws(TraceRefused) -> Void = { _ in },
    _ body: (inout RemoteCall) throws(TraceRefused) -> Result
  ) throws(TraceRefused) -> Result {
    let limit = request.policy.maxStop
    guard !StopBound.isTooShort(limit, threads: 1) else { throw .stopTooLong(thread: tid, state: "R") }
    let seized = try SeizedProcess.seize(request.process, onlyThread: tid)
    let bound = try StopBound.arm(limit: limit)
    let end = bound.deadline(threads: 1)
    var stopped = try seized.stop(before: end)
    guard target.isSameProgram else { throw .replaced }
    // A killed run's call that has not returned yet still needs what lies in our scratch place.
    guard !stopped.threads.contains(where: { target.isInOurFrame($0.registers) }) else {
      throw .noUsableThread([ThreadUnusable(tid: tid, reason: .state("R"))])
    }
    let usable = try stopped.usableThread(for: calls, at: target.sites, frame: frame)
    for thread in stopped.threads { try check(thread) }
    let result = try stopped.withRemoteCalls(in: usable, at: target.sites, frame: frame, before: end, body)
    stopped.resume()
    log.note(stop: bound.disarm())
    return result
  }

  // MARK: What a killed run left

  /// Unmaps what was not completed and closes descriptors that were not closed.
  mutating func clearLeftovers() throws(SwitchRefusal) {
    guard target.carried.hasLeftovers else { return }
    try retry(until: deadline) { (run: inout TransitionRun) throws(SwitchRefusal) in
      let carried = run.target.carried
      try run.withOneThread([RemoteSystemCall(RemoteFile.munmap), RemoteSystemCall(RemoteFile.close)]) {
        (call: inout RemoteCall) throws(TraceRefused) in
        for range in carried.unfinished {
          _ = try call.perform(RemoteFile.munmap, range.lowerBound.value, UInt64(range.count))
        }
        for descriptor in carried.descriptors { _ = try call.perform(RemoteFile.close, UInt64(descriptor)) }
      }
      run.log.recovered += carried.leftovers
      run.log.changed = true
      try run.target.look()
    }
  }

  // MARK: Loading

  /// Loads one patch; afterwards it is in memory and not in effect.
  mutating func load(_ content: PatchContent) throws(SwitchRefusal) {
    if target.carried.state == nil { try makeState() }
    try retry(until: deadline) { (run: inout TransitionRun) throws(SwitchRefusal) in
      guard !run.target.carried.ledgers.contains(where: { $0.id == content.id }) else { return }
      try run.attemptLoad(content)
      try run.target.look()
    }
  }

  /// Makes the mapping of the state word.
  private mutating func makeState() throws(SwitchRefusal) {
    try retry(until: deadline) { (run: inout TransitionRun) throws(SwitchRefusal) in
      guard run.target.carried.state == nil else { return }
      let content = StateWord.newPage() + [UInt8](repeating: 0, count: Int(StateWord.size) - 4096)
      let process = run.request.process.pid
      let isMapped = try run.withOneThread(RemoteFile.calls, frame: .ownStack) {
        (call: inout RemoteCall) throws(TraceRefused) -> Bool in
        let mapped = try RemoteFile.map(
          content, name: StateWord.name, at: nil,
          parts: [RemoteFile.Part(offset: 0, size: StateWord.size, protection: 3)], of: process, by: &call)
        return mapped != nil
      }
      guard isMapped else { throw SwitchRefusal(.changedSincePlan) }
      try run.target.look()
    }
    guard target.carried.state != nil else { throw SwitchRefusal(.changedSincePlan) }
  }

  private mutating func attemptLoad(_ content: PatchContent) throws(SwitchRefusal) {
    guard let state = target.carried.state else { throw SwitchRefusal(.changedSincePlan) }
    let taken = Set(target.carried.ledgers.map(\.bit))
    guard let bit = (0..<64).first(where: { !taken.contains($0) }) else { throw SwitchRefusal(.tooManyPatches) }
    let question = LoadQuestion(target, content)
    let binary = try question.binary(target)
    let size = PreparedLoad.size(of: content)
    var refused = SwitchRefusal(.outOfReach)
    for (base, form) in content.places(for: size, near: binary.range, in: target.map) {
      let place = PreparedLoad.Place(
        base: base, stateWord: state.address, bit: bit, bias: binary.loadBias, form: form)
      let prepared: PreparedLoad
      do throws(SwitchRefusal) {
        prepared = try question.prepare(at: place, binary, target)
      } catch {
        guard error.reason == .outOfReach else { throw error }
        refused = error
        continue
      }
      if try map(prepared) { return }
      refused = SwitchRefusal(.changedSincePlan)  // The program has mapped something there meanwhile.
    }
    if refused.reason == .outOfReach, refused.symbol == nil { refused.symbol = content.functionOfNearReach }
    throw refused
  }

  /// Maps a prepared patch; false when its place is taken by now.
  private mutating func map(_ prepared: PreparedLoad) throws(SwitchRefusal) -> Bool {
    let process = request.process.pid
    let ledger = prepared.ledger
    let mapped = try withOneThread(RemoteFile.calls) {
      (call: inout RemoteCall) throws(TraceRefused) -> RemoteFile.Mapped? in
      // All of it first, not to be written or run; then the other parts over it.
      let whole = RemoteFile.Part(offset: 0, size: UInt64(prepared.image.count), protection: 1)
      let parts = ledger.parts.filter { $0.protection != .readOnly }.map {
        RemoteFile.Part(offset: $0.offset, size: $0.size, protection: UInt64($0.protection.rawValue))
      }
      return try RemoteFile.map(
        prepared.image, name: prepared.name, at: ledger.base, parts: [whole] + parts, of: process, by: &call)
    }
    guard let mapped else { return false }
    // The descriptor was the program's for a moment: what is mapped must be what was written.
    let head = try target.read(ledger.encoded().count, at: ledger.base)
    guard head == ledger.encoded() else { throw SwitchRefusal(.changedSincePlan) }
    do throws(TraceRefused) {
      try mapped.write(Ledger.State.loaded.rawValue.littleEndianBytes, at: UInt64(Ledger.stateOffset))
    } catch { throw SwitchRefusal(TransitionRefused.Reason(error)) }
    return true
  }
}
