internal import Patch

/// What happens to a process while all its threads stand still.
struct SwitchStop {
  let target: ProcessIdentity
  let question: SwitchQuestion
  let plan: SwitchPlan

  /// Checks, then writes; after a failure everything is as it was or, behind the commit, as it is to be.
  func perform(
    _ target: borrowing TransitionTarget, _ stopped: inout StoppedProcess, _ bound: borrowing StopBound,
    _ check: inout InUseCheck
  ) throws(SwitchRefusal) {
    let threads = stopped.threads
    var moved: [ThreadRegisters?] = []
    for thread in threads { moved.append(try movedRegisters(of: thread, target)) }
    let standing = zip(threads, moved).map { StoppedThread(tid: $0.tid, registers: $1 ?? $0.registers) }
    try check.refuse(
      uses: question.checksStacks ? plan.uses : [], overwritten: plan.overwritten + gateInteriors, standing, target)
    let commit = try CommitCall(plan, target, stopped)
    guard ContinuousClock.now < bound.deadline(threads: threads.count) else {
      throw SwitchRefusal(.stopTooLong(limit: bound.limit))
    }
    // First the threads, then the bytes: killed in between, a thread in its moved copy has lost nothing.
    for (thread, registers) in zip(threads, moved) {
      guard let registers else { continue }
      do throws(TraceRefused) { try stopped.setRegisters(registers, of: thread.tid) } catch {
        throw SwitchRefusal(TransitionRefused.Reason(error))
      }
    }
    do throws(SwitchRefusal) {
      try write(target, &stopped, bound, commit)
    } catch {
      takeBack(target)
      throw error
    }
  }

  // MARK: Threads

  /// Where a thread has to go on so that it notices nothing; nil where it can stay.
  private func movedRegisters(
    of thread: StoppedThread, _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) -> ThreadRegisters? {
    guard !target.isInOurFrame(thread.registers) else {
      throw SwitchRefusal(.noUsableThread(why: "thread \(thread.tid) still returns from an earlier remote call"))
    }
    let address = RemoteAddress(thread.registers.rip)
    var registers = thread.registers
    if let origin = gate(around: address) {
      // Back to the entry: the gate has changed nothing but the flags and, for a moment, r11.
      let offset = address.value - origin.range.lowerBound.value
      if X86_64Gate.pushedOffsets.contains(offset) {
        registers.r11 = try target.read(8, at: RemoteAddress(registers.rsp)).little(UInt64.self, at: 0) ?? 0
        registers.rsp += 8
      }
      registers.rip = origin.place.value
      return registers
    }
    guard let copy = plan.redirects[address] else { return nil }
    registers.rip = copy.value
    return registers
  }

  private func gate(around address: RemoteAddress) -> SwitchPlan.GateOrigin? {
    var low = 0
    var high = plan.gates.count
    while low < high {
      let middle = (low + high) / 2
      if plan.gates[middle].range.upperBound <= address { low = middle + 1 } else { high = middle }
    }
    guard low < plan.gates.count, plan.gates[low].range.contains(address) else { return nil }
    return plan.gates[low]
  }

  /// Gates whose answer a signal handler's return could carry over the commit.
  private var gateInteriors: [SwitchPlan.Use] {
    plan.gates.map {
      SwitchPlan.Use(
        range: RemoteAddress($0.range.lowerBound.value + 1)..<$0.range.upperBound, patch: "", symbol: "gate")
    }
  }

  // MARK: Writing

  private func write(
    _ target: borrowing TransitionTarget, _ stopped: inout StoppedProcess, _ bound: borrowing StopBound,
    _ commit: CommitCall?
  ) throws(SwitchRefusal) {
    for saved in plan.saved {
      let ledger = question.ledgers[saved.ledger]
      let offset = UInt64(ledger.originalOffset(ofValue: saved.value))
      try target.write(saved.bytes, at: RemoteAddress(ledger.base.value + offset))
    }
    for step in plan.steps {
      if step.writes.count > 1, let commit {
        try commit.make(target, &stopped, before: bound.start + bound.limit)
      } else {
        for write in step.writes { try target.write(write.bytes, at: write.start) }
      }
    }
  }

  /// Drives every place to what the word says now; who cannot be reached any more has nothing to be taken back.
  private func takeBack(_ target: borrowing TransitionTarget) {
    let question = SwitchQuestion(
      ledgers: self.question.ledgers, needed: self.question.needed, on: [], off: [], checksStacks: true,
      stateWord: self.question.stateWord)
    guard let answer = try? question.answer(target) else { return }
    for step in answer.plan.steps {
      for write in step.writes { try? target.write(write.bytes, at: write.start) }
    }
  }
}
