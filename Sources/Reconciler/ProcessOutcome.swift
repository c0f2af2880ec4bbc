package import LiveProcess
internal import Patch

/// What became of every process.
package struct Execution: Equatable, Sendable {
  /// By process number.
  package var outcomes: [ProcessOutcome]
  package var wasInterrupted: Bool

  package init(outcomes: [ProcessOutcome], wasInterrupted: Bool) {
    self.outcomes = outcomes
    self.wasInterrupted = wasInterrupted
  }

  /// How many processes have a word.
  package func count(_ result: ProcessResult) -> Int { outcomes.count { $0.result == result } }
}

/// What became of one process.
package struct ProcessOutcome: Equatable, Sendable {
  package var process: PlannedProcess
  package var result: ProcessResult
  package var reasons: [Finding] = []
  package var outcome: TransitionOutcome?
  package var refused: TransitionRefused?
  /// How long the tool retried.
  package var waited: Duration?
  /// What a look afterwards says; nil for a process that is gone.
  package var finalState: ProcessState?

  package init(
    process: PlannedProcess, result: ProcessResult, outcome: TransitionOutcome? = nil, finalState: ProcessState? = nil
  ) {
    self.process = process
    self.result = result
    self.outcome = outcome
    self.finalState = finalState
  }

  package init(process: PlannedProcess, refused: TransitionRefused, waited: Duration) {
    self.process = process
    self.refused = refused
    self.waited = waited
    result = refused.result
    reasons = [refused.report(retryForAt: process.retryForAt)]
  }

  /// Whether it was tried and did not become what was asked for; a process that ended is no failure.
  package var isFailure: Bool {
    switch result {
    case .busy, .refused, .failed: true
    case .converged, .changed, .notCovered, .unmanaged, .unreadable, .gone: false
    }
  }

  /// Takes in what a look afterwards found: a change that is not there was no change.
  mutating func confirm(_ now: PlannedProcess?) {
    finalState = now?.state
    guard result == .changed || result == .converged else { return }
    for kept in outcome?.keptLoaded ?? [] {
      let name = process.changes.first { $0.id == kept.patch }?.patch ?? kept.patch.short
      var code = "LP0529"
      if case .stillReferenced = kept.reason { code = kept.reason.code }
      reasons.append(
        Finding(
          code, "\(name) stays loaded, not in effect: \(kept.reason.message)",
          next: kept.reason.nextSteps(retryForAt: nil)))
    }
    for drift in outcome?.valuesLeft ?? [] {
      reasons.append(
        Finding(
          "LP0530", "\(drift.symbol) at \(drift.address) was left as the program has it: \(drift.found.spaced)",
          next: ["set it by the program's own means if another value is wanted"]))
    }
    guard let now else {
      // Nothing speaks of it any more: it ended, or its last patch went and no manifest means it.
      if process.changes.contains(where: { $0.after != .absent }) { result = .gone }
      return
    }
    if outcome?.keptLoaded.isEmpty != false, now.hasWork {
      result = .failed
      reasons.append(.notConfirmed(now.reasons.first?.message))
    } else {
      reasons += now.reasons
    }
  }
}

extension Finding {
  static func notConfirmed(_ found: String?) -> Finding {
    Finding(
      "LP0612", "the transition reported success, but a look at the process says otherwise: \(found ?? "")",
      next: ["lpreconcile verify", "lpreconcile apply"])
  }

  static let interrupted = Finding("LP0611", "not begun: interrupted", next: ["lpreconcile apply goes on"])
  static let leftByLimit = Finding("LP0613", "not begun: --limit was reached", next: ["lpreconcile apply again"])
  static let leftAfterFailure = Finding(
    "LP0614", "not begun: another process failed before it", next: ["look at the one that failed, then apply again"])
}
