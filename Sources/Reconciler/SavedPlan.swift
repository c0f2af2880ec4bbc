internal import LiveProcess
internal import Patch

/// Whether a plan that was saved is still exactly what would be done: yes, or what is different.
package enum SavedPlan {
  /// Compares a saved plan with the world as it is now.
  ///
  /// - Parameters:
  ///   - saved: the report that `plan --output` wrote.
  ///   - current: the plan of the same manifests made now.
  ///   - inputs: the manifests and artifacts as they are now.
  ///   - bootId: of this boot.
  /// - Returns: everything that differs; empty when the plan may be applied.
  package static func differences(
    saved: Report, current: Plan, inputs: [Report.Input], bootId: String
  ) -> [Finding] {
    let next = ["make a new plan and review it: lpreconcile plan --output FILE"]
    guard saved.bootId == bootId else {
      return [Finding("LP0603", "the plan was made before the machine was started again", next: next)]
    }
    var findings: [Finding] = []
    let before = Dictionary((saved.inputs ?? []).map { ($0.path, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    let now = Dictionary(inputs.map { ($0.path, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    for path in Set(before.keys).union(now.keys).sorted() where before[path] != now[path] {
      let what = before[path] == nil ? "is new" : now[path] == nil ? "is not there any more" : "has another content"
      findings.append(Finding("LP0602", "\(path) \(what) since the plan was made", next: next))
    }
    let processes = Dictionary(
      current.processes.map { ($0.identity.pid.value, $0) }, uniquingKeysWith: { first, _ in first })
    for process in saved.processes where !process.changes.isEmpty {
      let label = "process \(process.pid) (\(process.name))"
      guard let found = processes[process.pid] else {
        findings.append(Finding("LP0601", "\(label) has ended since the plan was made", next: next))
        continue
      }
      if found.identity.startTime != process.startTime {
        findings.append(Finding("LP0601", "\(label) is another process of the same number now", next: next))
      } else if found.digest.description != process.observed {
        findings.append(Finding("LP0601", "\(label) \(found.difference(from: process))", next: next))
      } else if found.changes.map(ProcessReport.Change.init) != process.changes {
        findings.append(Finding("LP0601", "\(label) would be changed in another way now", next: next))
      }
    }
    return findings
  }

  /// The part of the current plan that was saved: nothing that began since is touched.
  package static func restrict(_ current: Plan, to saved: Report) -> Plan {
    let meant = Set(saved.processes.filter { !$0.changes.isEmpty }.map(\.pid))
    return Plan(
      processes: current.processes.map { process in
        var process = process
        guard process.hasWork, !meant.contains(process.identity.pid.value) else { return process }
        process.isBlocked = true
        process.reasons.removeAll { $0.code == "LP0306" }
        process.reasons.insert(
          Finding(
            "LP0605", "it is not in the saved plan: it began later, or the plan was made for certain processes",
            next: ["make a new plan and review it, or apply without --plan"]),
          at: 0)
        return process
      })
  }
}

extension PlannedProcess {
  /// What is not as it was when a plan was saved, in words.
  fileprivate func difference(from saved: ProcessReport) -> String {
    let now = ProcessReport(self)
    func files(_ report: ProcessReport) -> [String: String] {
      Dictionary(report.binaries.map { ($0.path, $0.buildId) }, uniquingKeysWith: { first, _ in first })
    }
    let (filesBefore, filesNow) = (files(saved), files(now))
    for path in Set(filesBefore.keys).union(filesNow.keys).sorted() where filesBefore[path] != filesNow[path] {
      return filesNow[path] == nil ? "does not map \(path) any more" : "maps another build of \(path) now"
    }
    func patches(_ report: ProcessReport) -> [String: ProcessReport.Carried] {
      Dictionary(report.patches.map { ($0.sha256, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let (before, after) = (patches(saved), patches(now))
    var words: [String] = []
    for patch in saved.patches where after[patch.sha256] == nil {
      words.append("does not carry \(patch.patch) any more")
    }
    for patch in now.patches {
      guard let old = before[patch.sha256] else {
        words.append("carries \(patch.patch) now (\(patch.state))")
        continue
      }
      if old.state != patch.state { words.append("has \(patch.patch) \(patch.state) now, not \(old.state)") }
      if old.drift != patch.drift { words.append("has other bytes in memory now than when planned (\(patch.patch))") }
    }
    return words.isEmpty ? "maps other files than when planned" : words.joined(separator: ", and ")
  }
}
