package import LiveProcess
internal import Patch

/// Which patches `revert` takes away; every given kind of narrowing must match.
package struct RevertSelection: Equatable, Sendable {
  package var processes: Set<ProcessID>?
  /// Paths of mapped files, as the processes have them.
  package var binaries: Set<String>?
  /// Names, or the beginnings of digests of at least eight digits.
  package var patches: Set<String>?

  package init(processes: Set<ProcessID>? = nil, binaries: Set<String>? = nil, patches: Set<String>? = nil) {
    self.processes = processes
    self.binaries = binaries
    self.patches = patches
  }

  private func means(_ patch: ObservedPatch, in process: ObservedProcess) -> Bool {
    if let binaries {
      let isMapped = process.binaries.contains { $0.buildID == patch.buildID && binaries.contains($0.path) }
      guard isMapped else { return false }
    }
    guard let patches else { return true }
    return patches.contains { $0 == patch.name || ($0.count >= 8 && patch.id.description.hasPrefix($0)) }
  }

  /// The plan that takes them away, without any manifest.
  ///
  /// Pure, as ``plan(desired:observed:prune:)`` is.
  package func plan(observed: Observation) -> Plan {
    let planned = observed.processes.sorted { $0.identity.pid < $1.identity.pid }.compactMap { process in
      plan(process)
    }
    return Plan(processes: planned)
  }

  private func plan(_ process: ObservedProcess) -> PlannedProcess? {
    if let processes, !processes.contains(process.identity.pid) { return nil }
    var result = PlannedProcess(
      identity: process.identity, name: process.name, arguments: process.arguments, userID: process.userID,
      state: .converged, binaries: [], changes: [], leftovers: process.leftovers, reasons: [],
      carried: process.patches.sorted { ($0.name, $0.id.description) < ($1.name, $1.id.description) },
      digest: process.planDigest, policy: .careful, canConverge: true, isBlocked: false)
    if let why = process.unreadable {
      // What cannot be read may carry a patch: only a revert of certain processes may pass it over.
      result.state = .unreadable
      var finding = Finding.unreadable(why)
      finding.next = [finding.next.first, "lpreconcile revert --pid … for certain processes passes it over"]
        .compactMap(\.self)
      result.reasons = [finding]
      (result.canConverge, result.isBlocked, result.leftovers) = (false, true, [])
      return result
    }
    let mine = result.carried.filter { means($0, in: process) }
    guard !mine.isEmpty || !process.leftovers.isEmpty else { return nil }
    result.binaries = process.binaries.filter { binary in mine.contains { $0.buildID == binary.buildID } }
      .map { PlannedBinary(path: $0.path, buildID: $0.buildID) }
    result.changes = mine.map { PlannedChange(removing: $0, why: .reverted, declaredAt: nil) }
    result.state = .outdated
    result.reasons = [.pending(result.changes, leftovers: process.leftovers)]
    return result
  }
}
