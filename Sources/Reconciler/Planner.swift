package import LiveProcess
package import Manifest
internal import Patch

/// Compares what should be with what is: pure, without clock, file or process.
///
/// The list of a build is complete: what a process carries for it and the list lacks is to go. Successors trade places:
/// all that changes in one process is one transition and one switch.
///
/// - Parameters:
///   - desired: what the manifests ask for.
///   - observed: one look at the machine.
///   - prune: whether patches for builds that no manifest lists are to go too.
/// - Returns: one entry for each process that a manifest or a patch speaks of, by process number.
package func plan(desired: DesiredState, observed: Observation, prune: Bool = false) -> Plan {
  let sets = desired.sets.sorted { ($0.declaredAt, $0.name) < ($1.declaredAt, $1.name) }
  let planned = observed.processes.sorted { $0.identity.pid < $1.identity.pid }
    .compactMap { Planner(sets: sets, observation: observed, process: $0.ordered, prune: prune).planned() }
  return Plan(processes: planned)
}

extension ObservedProcess {
  /// The same process with its patches in one order, whatever order they were found in.
  fileprivate var ordered: ObservedProcess {
    var copy = self
    copy.patches.sort { ($0.name, $0.id.description) < ($1.name, $1.id.description) }
    return copy
  }
}

/// The plan for one process.
struct Planner {
  let sets: [DesiredSet]
  let observation: Observation
  let process: ObservedProcess
  let prune: Bool

  /// What one set says about one mapped file.
  private enum Claim {
    case lists(DesiredSet, DesiredBuild)
    case listsElsewhere(DesiredSet, DesiredBuild)
    case unknownBuild(DesiredSet)
  }

  func planned() -> PlannedProcess? {
    if let why = process.unreadable { return unreadable(why) }
    let meant = sets.filter { $0.filter.accepts(process) }
    var result = blank()
    var listed: Set<BuildID> = []
    // Of these nobody says that their patches should go: their own finding says what to do.
    var listedElsewhere: Set<BuildID> = []
    var policies: [DesiredSet] = []
    var states: [ProcessState] = []
    for binary in process.binaries {
      let claims = meant.compactMap { claim($0, on: binary) }
      guard let claim = strongest(claims) else { continue }
      var row = PlannedBinary(path: binary.path, buildID: binary.buildID)
      row.onDisk = observation.buildsOnDisk[process.identity]?[binary.path]
      switch claim {
      case .lists(let set, let build):
        (row.set, row.listedAt) = (set.name, build.declaredAt)
        policies.append(set)
        if listed.insert(binary.buildID).inserted {
          result.changes += changes(for: build)
          states.append(.converged)
        }
        if let other = rival(of: set, in: claims) {
          result.reasons.append(.twoOwners(binary, set, other))
          result.isBlocked = true
          result.canConverge = false
          states.append(.outdated)
        }
      case .listsElsewhere(let set, let build):
        row.set = set.name
        listedElsewhere.insert(binary.buildID)
        result.reasons.append(.listedElsewhere(binary, set, build))
        result.canConverge = result.canConverge && set.unknownBuilds != .fail
        states.append(.notCovered)
      case .unknownBuild(let set):
        guard set.unknownBuilds != .ignore else { continue }
        row.set = set.name
        result.reasons.append(.unlistedBuild(binary, set, process))
        result.canConverge = result.canConverge && set.unknownBuilds != .fail
        states.append(.notCovered)
      }
      result.binaries.append(row)
    }
    let orphans = process.patches.filter {
      !listed.contains($0.buildID) && !listedElsewhere.contains($0.buildID)
    }
    if !orphans.isEmpty { states.append(judge(orphans, into: &result)) }
    guard !states.isEmpty else { return nil }
    finish(&result, states: states, policies: policies)
    return result
  }

  private func blank() -> PlannedProcess {
    PlannedProcess(
      identity: process.identity, name: process.name, arguments: process.arguments, userID: process.userID,
      state: .converged, binaries: [], changes: [], leftovers: process.leftovers, reasons: [],
      carried: process.patches,
      digest: process.planDigest, policy: .careful, canConverge: true, isBlocked: false)
  }

  /// An unreadable process counts where one of the manifests may mean it, and where there is no manifest.
  private func unreadable(_ why: ObservedProcess.UnreadableReason) -> PlannedProcess? {
    guard sets.isEmpty || sets.contains(where: { $0.filter.accepts(process) }) else { return nil }
    var result = blank()
    result.state = .unreadable
    result.reasons = [.unreadable(why)]
    result.leftovers = []
    result.canConverge = false
    result.isBlocked = true
    return result
  }

  private func claim(_ set: DesiredSet, on binary: MappedBinary) -> Claim? {
    let canonical = observation.canonicalPaths[process.identity]?[set.binary]
    let isMeant = set.binary == binary.path || set.pattern?.matches(binary.path) == true || canonical == binary.path
    if let build = set.build(binary.buildID) { return isMeant ? .lists(set, build) : .listsElsewhere(set, build) }
    return isMeant ? .unknownBuild(set) : nil
  }

  private func strongest(_ claims: [Claim]) -> Claim? {
    claims.first { if case .lists = $0 { true } else { false } }
      ?? claims.first { if case .listsElsewhere = $0 { true } else { false } }
      ?? claims.first { if case .unknownBuild(let set) = $0 { set.unknownBuilds == .fail } else { false } }
      ?? claims.first { if case .unknownBuild(let set) = $0 { set.unknownBuilds == .report } else { false } }
      ?? claims.first
  }

  /// A second set that lists the same build of the same file, which only globs that overlap can bring about.
  private func rival(of owner: DesiredSet, in claims: [Claim]) -> DesiredSet? {
    for case .lists(let set, _) in claims where set.declaredAt != owner.declaredAt { return set }
    return nil
  }

  // MARK: - Changes

  private func changes(for build: DesiredBuild) -> [PlannedChange] {
    let carried = process.patches.filter { $0.buildID == build.buildID }
    let wanted = build.patches.filter { $0.state != .absent }
    var changes: [PlannedChange] = []
    for patch in wanted {
      let now = carried.first { $0.id == patch.id }
      let predecessor = carried.first { old in
        old.id != patch.id && old.name == patch.name && !wanted.contains { $0.id == old.id }
      }
      if let change = change(patch, from: now, predecessor: predecessor, build: build.buildID) {
        changes.append(change)
      }
    }
    for old in carried where !wanted.contains(where: { $0.id == old.id }) {
      let successor = wanted.first { $0.name == old.name && $0.id != old.id }
      let absent = build.patches.first { $0.state == .absent && $0.id == old.id }
      let why: PlannedChange.Why =
        if let successor { .succeededBy(successor.id) } else if absent != nil { .declared } else { .notListed }
      changes.append(PlannedChange(removing: old, why: why, declaredAt: absent?.declaredAt ?? build.declaredAt))
    }
    return changes
  }

  private func change(
    _ patch: DesiredPatch, from now: ObservedPatch?, predecessor: ObservedPatch?, build: BuildID
  ) -> PlannedChange? {
    let isWanted = patch.state == .active
    var change = PlannedChange(
      patch: patch.name, id: patch.id, description: patch.description, fixes: patch.fixes, buildID: build,
      before: .absent, after: isWanted ? .active : .loaded, actions: [], why: .declared, places: patch.places,
      declaredAt: patch.declaredAt)
    switch now?.state {
    case nil:
      change.actions = isWanted ? [.load, .activate] : [.load]
      if let predecessor { change.why = .succeeds(predecessor.id) }
    case .loaded:
      guard isWanted else { return nil }
      (change.before, change.actions) = (.loaded, [.activate])
    case .active:
      change.before = .active
      if !isWanted {
        change.actions = [.deactivate]
      } else {
        guard let now, now.isRestorable else { return nil }
        (change.actions, change.why) = ([.activate], .restoredByOthers)
      }
    case .armed, .committed:
      (change.before, change.why) = (.interrupted, .interrupted)
      change.actions = [isWanted ? .activate : .deactivate]
    }
    return change
  }

  // MARK: - Findings

  private func judge(_ orphans: [ObservedPatch], into result: inout PlannedProcess) -> ProcessState {
    for patch in orphans where !result.binaries.contains(where: { $0.buildID == patch.buildID }) {
      guard let binary = process.binaries.first(where: { $0.buildID == patch.buildID }) else { continue }
      result.binaries.append(PlannedBinary(path: binary.path, buildID: binary.buildID))
    }
    if prune {
      result.changes += orphans.map { PlannedChange(removing: $0, why: .pruned, declaredAt: nil) }
      return .converged
    }
    result.reasons.append(.unmanaged(orphans))
    return .unmanaged
  }

  private func finish(_ result: inout PlannedProcess, states: [ProcessState], policies: [DesiredSet]) {
    var states = states
    if let first = policies.first {
      result.retryForAt = first.retryForAt
      result.policy = policies.dropFirst().reduce(first.policy) { $0.combined(with: $1.policy) }
    }
    let isUnmanagedOnly = states.allSatisfy { $0 == .unmanaged }
    if isUnmanagedOnly { result.leftovers = [] }
    if !result.changes.isEmpty || !result.leftovers.isEmpty {
      states.append(.outdated)
      result.reasons.append(.pending(result.changes, leftovers: result.leftovers))
    }
    for patch in result.carried where !patch.drift.isEmpty {
      states.append(.drifted)
      for drift in patch.drift.sorted(by: { $0.address < $1.address }) {
        result.reasons.append(.drift(drift, of: patch))
      }
      if patch.isRestorable, result.changes.contains(where: { $0.id == patch.id }) { continue }
      result.canConverge = false
      // What is about to go must be written over, and foreign bytes never are: nothing in this process can change.
      if result.changes.contains(where: { $0.id == patch.id && $0.before == .active && $0.after != .active })
        && patch.drift.contains(where: { $0.kind != .valueChanged })
      {
        result.isBlocked = true
      }
    }
    result.state = states.reduce(.converged, ProcessState.worse)
  }
}

extension PlannedChange {
  /// The change that takes a patch away.
  package init(removing patch: ObservedPatch, why: Why, declaredAt: SourceRange?) {
    let before: State =
      switch patch.state {
      case .loaded: .loaded
      case .active: .active
      case .armed, .committed: .interrupted
      }
    self.init(
      patch: patch.name, id: patch.id, description: patch.description, fixes: patch.fixes, buildID: patch.buildID,
      before: before, after: .absent, actions: before == .loaded ? [.unload] : [.deactivate, .unload], why: why,
      places: patch.places.map {
        PlannedPlace(kind: $0.kind, symbol: $0.symbol, address: $0.address.value, size: $0.size)
      }, declaredAt: declaredAt)
  }
}

extension ObservedPatch {
  /// Whether everything that is wrong with it are original bytes that somebody put back, which may be written again.
  package var isRestorable: Bool { !drift.isEmpty && drift.allSatisfy { $0.kind == .restoredByOthers } }
}

extension SwitchPolicy {
  /// Where no manifest says anything: the Carrier Grade Linux limit, every stack checked.
  package static let careful = SwitchPolicy(maxStop: .milliseconds(100), checksStacks: true, retryFor: .seconds(30))

  /// The more careful of both in every respect.
  package func combined(with other: SwitchPolicy) -> SwitchPolicy {
    SwitchPolicy(
      maxStop: min(maxStop, other.maxStop), checksStacks: checksStacks || other.checksStacks,
      retryFor: max(retryFor, other.retryFor))
  }
}
