package import LiveProcess
package import Patch
internal import Synchronization

/// Carries a plan out: one transition per process, several processes side by side, and looks again until nothing is new.
///
/// It decides nothing that the plan has not decided. A process that fails leaves the others converging.
package struct Executor: Sendable {
  /// How to go about it.
  package struct Options: Equatable, Sendable {
    /// Only these processes; nil for all.
    package var processes: Set<ProcessID>?
    /// At most so many processes are changed; nil for all.
    package var limit: Int?
    /// Whether to begin no further process after one that could not be changed.
    package var stopsOnFailure = false
    /// Whether patches for builds that no manifest lists go too.
    package var prunes = false
    /// How many processes at a time.
    package var workers = 8
    /// How many looks at most: a machine that forks without end must not keep the tool for ever.
    package var looks = 10
    package init() {}
  }

  /// Something that happened, for who watches.
  package enum Event: Sendable {
    case began(PlannedProcess, index: Int, of: Int)
    /// It is busy; the work on it goes on.
    case waiting(PlannedProcess, TransitionRefused, since: Duration, limit: Duration, index: Int, of: Int)
    case finished(ProcessOutcome, index: Int, of: Int)
  }

  let machine: any Machine
  let options: Options
  let interruption: Interruption
  let watch: @Sendable (Event) -> Void

  /// How long one transition retries by itself, so that an interruption is answered within a second.
  static let slice = Duration.milliseconds(400)

  package init(
    machine: any Machine, options: Options = Options(), interruption: Interruption = Interruption(),
    watch: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.machine = machine
    self.options = options
    self.interruption = interruption
    self.watch = watch
  }

  /// Converges: plans by `makePlan`, changes, looks again.
  ///
  /// - Parameters:
  ///   - question: what to look at.
  ///   - contents: the patches that may have to be loaded.
  ///   - first: a plan made already, for the first round; nil to look first.
  ///   - repeats: whether to look for new processes afterwards; not for a saved plan.
  ///   - makePlan: the pure plan for one look.
  /// - Returns: one outcome for each process, by process number.
  package func run(
    _ question: Question, contents: [SHA256Digest: PatchContent], first: Plan? = nil, repeats: Bool = true,
    makePlan: (Observation) -> Plan
  ) -> Execution {
    var question = question
    question.processes = options.processes ?? question.processes
    var attempted: [ProcessIdentity: ProcessOutcome] = [:]
    var current = first ?? makePlan(machine.observe(question))
    var seen: [ProcessIdentity: PlannedProcess] = [:]
    var budget = options.limit ?? Int.max
    var looks = 1
    while true {
      for process in current.processes { seen[process.identity] = process }
      let fresh = current.processes.filter { $0.hasWork && attempted[$0.identity] == nil }
      let hasFailed = options.stopsOnFailure && attempted.values.contains { $0.isFailure }
      if fresh.isEmpty || budget == 0 || hasFailed || interruption.isWanted || looks > options.looks { break }
      if !repeats && looks > 1 { break }
      let now = Array(fresh.prefix(budget))
      budget -= now.count
      for outcome in attempt(now, contents: contents, done: attempted.count) {
        attempted[outcome.process.identity] = outcome
      }
      current = makePlan(machine.observe(question))
      looks += 1
    }
    return Execution(
      outcomes: outcomes(attempted: attempted, seen: seen, last: current),
      wasInterrupted: interruption.isWanted)
  }

  private func attempt(
    _ processes: [PlannedProcess], contents: [SHA256Digest: PatchContent], done: Int
  ) -> [ProcessOutcome] {
    struct Shared {
      var outcomes: [ProcessOutcome] = []
      var stop = false
    }
    final class Box: Sendable { let state = Mutex(Shared()) }
    let box = Box()
    let jobs = processes.enumerated().map { (index: done + $0.offset + 1, process: $0.element) }
    let total = done + processes.count
    // With a canary's `--stop-on-failure` one at a time: no second process may be under way when the first one fails.
    let workers = options.stopsOnFailure ? 1 : options.workers
    WorkerThreads.forEach(jobs, atMost: workers) { job in
      let mayBegin = box.state.withLock { !$0.stop } && !interruption.isWanted
      guard mayBegin else { return }
      watch(.began(job.process, index: job.index, of: total))
      let outcome = attempt(job.process, contents: contents, index: job.index, total: total)
      box.state.withLock { state in
        state.outcomes.append(outcome)
        if options.stopsOnFailure && outcome.isFailure { state.stop = true }
      }
      watch(.finished(outcome, index: job.index, of: total))
    }
    return box.state.withLock { $0.outcomes }
  }

  /// Runs the transition of one process, in slices of the time that the policy allows for retrying.
  private func attempt(
    _ process: PlannedProcess, contents: [SHA256Digest: PatchContent], index: Int, total: Int
  ) -> ProcessOutcome {
    guard var request = process.request(contents: contents) else {
      return ProcessOutcome(process: process, result: .converged)
    }
    let clock = ContinuousClock()
    let begin = clock.now
    let limit = process.policy.retryFor
    var tries = 0
    var longest: Duration?
    while true {
      request.policy.retryFor = max(min(Executor.slice, limit - (clock.now - begin)), .zero)
      do throws(TransitionRefused) {
        var outcome = try machine.transition(request)
        outcome.tries += tries
        outcome.longestStop = [longest, outcome.longestStop].compactMap(\.self).max()
        return ProcessOutcome(process: process, result: outcome.changed ? .changed : .converged, outcome: outcome)
      } catch {
        tries += error.tries
        longest = [longest, error.longestStop].compactMap(\.self).max()
        var refused = error
        refused.tries = tries
        refused.longestStop = longest
        let spent = clock.now - begin
        guard error.reason.isBusy, spent < limit, !interruption.isWanted else {
          return ProcessOutcome(process: process, refused: refused, waited: spent)
        }
        watch(.waiting(process, refused, since: spent, limit: limit, index: index, of: total))
      }
    }
  }

  /// Puts together what was done and what the last look found.
  private func outcomes(
    attempted: [ProcessIdentity: ProcessOutcome], seen: [ProcessIdentity: PlannedProcess], last: Plan
  ) -> [ProcessOutcome] {
    var now: [ProcessIdentity: PlannedProcess] = [:]
    for process in last.processes { now[process.identity] = process }
    var result: [ProcessOutcome] = []
    for (identity, process) in seen {
      if var outcome = attempted[identity] {
        outcome.confirm(now[identity])
        result.append(outcome)
      } else {
        result.append(untouched(now[identity] ?? process, isGone: now[identity] == nil))
      }
    }
    return result.sorted { $0.process.identity.pid < $1.process.identity.pid }
  }

  private func untouched(_ process: PlannedProcess, isGone: Bool) -> ProcessOutcome {
    if isGone { return ProcessOutcome(process: process, result: .gone) }
    var outcome = ProcessOutcome(process: process, result: process.state.untouchedResult, finalState: process.state)
    outcome.reasons = process.reasons
    guard process.hasWork else { return outcome }
    outcome.result = .busy
    // What is to change is said already, and the next step is that of the reason.
    outcome.reasons.removeAll { $0.code == "LP0306" }
    outcome.reasons.insert(
      interruption.isWanted ? .interrupted : options.limit != nil ? .leftByLimit : .leftAfterFailure, at: 0)
    return outcome
  }
}

extension ProcessState {
  /// The word for a process to which nothing was done.
  fileprivate var untouchedResult: ProcessResult {
    switch self {
    case .converged: .converged
    // Nothing can be done about it, or it would have been done.
    case .outdated, .drifted: .refused
    case .notCovered: .notCovered
    case .unmanaged: .unmanaged
    case .unreadable: .unreadable
    }
  }
}
