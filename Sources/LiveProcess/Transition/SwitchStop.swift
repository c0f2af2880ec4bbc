internal import Patch

/// What happens to a process while all its threads stand still; made before the first interrupt.
///
/// A class, so that the stop does not copy the plan.
final class SwitchStop {
  let question: SwitchQuestion
  let plan: SwitchPlan
  /// What the plan was computed from, to be compared in the stop.
  let basis: MemoryComparison
  private let inUse: InUseQuestion
  private let commit: CommitCall?

  init(
    _ question: SwitchQuestion, _ answer: SwitchQuestion.Answer, _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) {
    self.question = question
    plan = answer.plan
    let word = MemoryImage.Span(start: question.stateWord, bytes: answer.word.littleEndianBytes)
    basis = MemoryComparison(MemoryImage([word] + answer.memory.spans), of: target.identity.pid)
    inUse = InUseQuestion(
      uses: question.checksStacks ? plan.uses : [],
      overwritten: plan.overwritten
        // Gates whose answer a signal handler's return could carry over the commit.
        + plan.gates.map {
          SwitchPlan.Use(
            range: RemoteAddress($0.range.lowerBound.value + 1)..<$0.range.upperBound, patch: "", symbol: "gate")
        })
    commit = try CommitCall(plan, target)
  }

  /// Refuses when a thread stands where it may not; else the threads that are to go on elsewhere, with their new registers.
  func examine(
    _ threads: [StoppedThread], _ target: borrowing TransitionTarget, _ check: inout InUseCheck
  ) throws(SwitchRefusal) -> [StoppedThread] {
    var standing = threads
    var moved: [StoppedThread] = []
    for index in threads.indices {
      guard let registers = try movedRegisters(of: threads[index], target) else { continue }
      standing[index].registers = registers
      moved.append(standing[index])
    }
    try check.refuse(inUse, standing)
    return moved
  }

  /// Checks, then writes; after a failure everything is as it was or, behind the commit, as it is to be.
  func perform(
    _ target: inout TransitionTarget, _ stopped: inout StoppedProcess, _ bound: borrowing StopBound,
    _ check: inout InUseCheck
  ) throws(SwitchRefusal) {
    let threads = stopped.threads
    let moved = try examine(threads, target, &check)
    let caller = try commit?.thread(of: stopped, target)
    guard ContinuousClock.now < bound.deadline(threads: threads.count) else {
      throw SwitchRefusal(.stopTooLong(limit: bound.limit))
    }
    // First the threads, then the bytes: killed in between, a thread in its moved copy has lost nothing.
    for thread in moved {
      do throws(TraceRefused) { try stopped.setRegisters(thread.registers, of: thread.tid) } catch {
        throw SwitchRefusal(TransitionRefused.Reason(error))
      }
    }
    guard let first = threads.first else { throw SwitchRefusal(.gone) }
    do throws(SwitchRefusal) {
      try write(&target, &stopped, bound, caller, CodeWriter(through: first.tid, by: question.route))
    } catch {
      takeBack(&target, stopped)
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
        registers.r11 = try target.word(at: RemoteAddress(registers.rsp))
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

  // MARK: Writing

  private func write(
    _ target: inout TransitionTarget, _ stopped: inout StoppedProcess, _ bound: borrowing StopBound,
    _ caller: Int32?, _ writer: CodeWriter
  ) throws(SwitchRefusal) {
    for saved in plan.saved {
      let ledger = question.ledgers[saved.ledger]
      let offset = UInt64(ledger.originalOffset(ofValue: saved.value))
      try target.write(saved.bytes, at: RemoteAddress(ledger.base.value + offset), by: writer)
    }
    for step in plan.steps {
      if step.writes.count > 1, let commit, let caller {
        try commit.make(in: caller, target, &stopped, before: bound.start + bound.limit)
      } else {
        for write in step.writes { try target.write(write.bytes, at: write.start, by: writer) }
      }
    }
  }

  /// Drives every place to what the word says now; who cannot be reached any more has nothing to be taken back.
  private func takeBack(_ target: inout TransitionTarget, _ stopped: borrowing StoppedProcess) {
    let question = SwitchQuestion(
      ledgers: self.question.ledgers, needed: self.question.needed, on: [], off: [], checksStacks: true,
      stateWord: self.question.stateWord, route: target.route)
    // Not the writer of before: its thread may have been left in the commit's call.
    guard let plan = try? question.answer(target).plan, let tid = stopped.threads.first?.tid else { return }
    let writer = CodeWriter(through: tid, by: target.route)
    for step in plan.steps {
      for write in step.writes { try? target.write(write.bytes, at: write.start, by: writer) }
    }
  }
}
