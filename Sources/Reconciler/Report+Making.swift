package import LiveProcess
package import Manifest
internal import Patch

extension Report {
  /// A report of a plan: `plan`, and what `status` and `verify` see.
  package static func of(_ plan: Plan, desired: DesiredState, kind: Kind, origin: Origin) -> Report {
    var report = Report(kind, origin: origin)
    report.processes = plan.processes.map { ProcessReport($0) }
    let summary = Summary(of: plan)
    for state in ProcessState.allCases { report.summary[state.rawValue] = summary[state] }
    report.summary["processes"] = plan.processes.count
    report.summary["protected"] = summary[.converged]
    report.coverage = coverage(desired, plan.processes.map { ($0, $0.state == .converged) })
    report.complete = summary[.unreadable] == 0
    if kind == .plan {
      report.summary["toChange"] = plan.processes.count { $0.hasWork }
      report.applyable = true
      report.exitStatus = exitStatus(ofPlan: plan).rawValue
    } else {
      report.exitStatus = exitStatus(ofState: plan).rawValue
    }
    return report
  }

  /// A report of what was done.
  package static func of(_ execution: Execution, desired: DesiredState, kind: Kind, origin: Origin) -> Report {
    var report = Report(kind, origin: origin)
    report.processes = execution.outcomes.map { ProcessReport($0) }
    for result in ProcessResult.allCases { report.summary[result.rawValue] = execution.count(result) }
    report.summary["processes"] = execution.outcomes.count
    report.summary["protected"] = execution.outcomes.count { $0.finalState == .converged }
    report.coverage = coverage(
      desired, execution.outcomes.filter { $0.result != .gone }.map { ($0.process, $0.finalState == .converged) })
    report.complete = !execution.wasInterrupted && execution.count(.unreadable) == 0
    report.exitStatus = exitStatus(of: execution).rawValue
    return report
  }

  private static func coverage(_ desired: DesiredState, _ processes: [(PlannedProcess, Bool)]) -> [Coverage] {
    desired.sets.map { set in
      let mine = processes.filter { $0.0.binaries.contains { $0.set == set.name } }
      return Coverage(
        set: set.name, binary: set.binary, processes: mine.count, protected: mine.count { $0.1 })
    }
  }

  private static func exitStatus(ofPlan plan: Plan) -> ExitStatus {
    if !plan.canConverge { return .notConverged }
    return plan.isEmpty ? .success : .changesPending
  }

  /// `unmanaged` and, unless a manifest says `fail`, `not covered` are reported and alone leave the status 0.
  private static func exitStatus(ofState plan: Plan) -> ExitStatus {
    plan.isEmpty && plan.canConverge ? .success : .notConverged
  }

  private static func exitStatus(of execution: Execution) -> ExitStatus {
    if execution.wasInterrupted { return .interrupted }
    let isWhole = execution.outcomes.allSatisfy { outcome in
      switch outcome.result {
      case .converged, .changed: outcome.finalState.map { $0 != .outdated && $0 != .drifted } ?? true
      case .gone, .unmanaged: true
      case .notCovered: outcome.process.canConverge
      case .busy, .refused, .failed, .unreadable: false
      }
    }
    return isWhole ? .success : .notConverged
  }
}

extension ProcessReport {
  package init(_ process: PlannedProcess) {
    pid = process.identity.pid.value
    startTime = process.identity.startTime
    name = process.name
    command = process.arguments
    uid = process.userID
    state = process.state
    binary = process.binaries.first?.path
    buildId = process.binaries.first?.buildID.description
    binaries = process.binaries.map {
      Binary(
        path: $0.path, buildId: $0.buildID.description, set: $0.set, listedAt: $0.listedAt.map(Place.init),
        buildIdOnDisk: $0.onDisk?.description)
    }
    observed = process.digest.description
    changes = process.changes.map(Change.init)
    patches = process.carried.map(Carried.init)
    set(process.reasons)
  }

  package init(_ outcome: ProcessOutcome) {
    self.init(outcome.process)
    state = outcome.finalState
    result = outcome.result
    set(outcome.reasons)
    waited = outcome.waited?.seconds
    if let done = outcome.outcome {
      stop = Stop(longestMicroseconds: done.longestStop?.microseconds, threads: done.threads, tries: done.tries)
    } else if let refused = outcome.refused {
      stop = Stop(longestMicroseconds: refused.longestStop?.microseconds, tries: refused.tries)
      if case .functionInUse(let thread, let frames) = refused.reason {
        blocking = Blocking(thread: thread, frames: frames.map(\.text))
      }
    }
  }

  private mutating func set(_ reasons: [Finding]) {
    reason = reasons.first
    furtherReasons = reasons.count > 1 ? Array(reasons.dropFirst()) : nil
  }
}

extension ProcessReport.Place {
  init(_ range: SourceRange) { self.init(file: range.file, line: range.line, column: range.column) }
}

extension ProcessReport.Change {
  init(_ change: PlannedChange) {
    let functions = change.places.filter { $0.kind == .function }.map {
      ProcessReport.Function(name: $0.symbol, address: $0.address.map { "0x" + String($0, radix: 16) }, size: $0.size)
    }
    let values = change.places.filter { $0.kind == .value }.map {
      ProcessReport.Value(symbol: $0.symbol, size: $0.size, change: $0.detail)
    }
    self.init(
      patch: change.patch, sha256: change.id.description, description: change.description,
      fixes: change.fixes.isEmpty ? nil : change.fixes, actions: change.actions.map(\.rawValue),
      before: change.before.rawValue, after: change.after.rawValue, why: change.why.text,
      declaredAt: change.declaredAt.map(ProcessReport.Place.init), functions: functions.isEmpty ? nil : functions,
      values: values.isEmpty ? nil : values)
  }
}

extension PlannedChange.Why {
  /// In a few words.
  package var text: String {
    switch self {
    case .declared: "the manifest asks for it"
    case .succeeds(let old): "takes the place of \(old.short), in one switch"
    case .succeededBy(let new): "\(new.short) takes its place, in one switch"
    case .notListed: "the list does not name it"
    case .pruned: "no manifest lists its build (--prune)"
    case .interrupted: "an interrupted run left it half way"
    case .restoredByOthers: "somebody put the original bytes back"
    case .reverted: "revert was asked for"
    }
  }
}

extension ProcessReport.Carried {
  init(_ patch: ObservedPatch) {
    self.init(
      patch: patch.name, sha256: patch.id.description, buildId: patch.buildID.description,
      description: patch.description, fixes: patch.fixes.isEmpty ? nil : patch.fixes, state: patch.state.rawValue,
      activatedAt: patch.activatedAt, memory: patch.mappedSize, places: patch.places.count,
      drift: patch.drift.isEmpty
        ? nil
        : patch.drift.map {
          ProcessReport.Drift(
            kind: $0.kind.word, symbol: $0.symbol, address: $0.address.description, expected: $0.expected.spaced,
            found: $0.found.spaced)
        })
  }
}

extension ObservedPatch.Drift.Kind {
  /// The word in reports.
  package var word: String {
    switch self {
    case .breakpoint: "breakpoint"
    case .foreignBranch: "foreignBranch"
    case .valueChanged: "valueChanged"
    case .foreignBytes: "foreignBytes"
    case .restoredByOthers: "restoredByOthers"
    case .imageChanged: "imageChanged"
    }
  }
}

extension DiagnosticReport {
  package init(_ diagnostic: Diagnostic) {
    self.init(
      severity: diagnostic.severity.rawValue, code: diagnostic.code, file: diagnostic.at.file,
      line: diagnostic.at.line, column: diagnostic.at.column, message: diagnostic.message, hint: diagnostic.hint)
  }
}

extension Duration {
  /// Whole microseconds.
  package var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }

  /// Seconds, to the millisecond.
  package var seconds: Double { Double(microseconds / 1000) / 1000 }
}
