package import LiveProcess
package import Manifest
package import Patch

/// What is and what would be done, for every process that matters: data, which text, JSON, tests and executor read.
package struct Plan: Equatable, Sendable {
  /// By process number.
  package var processes: [PlannedProcess]

  /// Whether there is nothing to do.
  package var isEmpty: Bool { processes.allSatisfy { !$0.hasWork } }

  /// Whether every process will be as declared once the plan has been applied.
  package var canConverge: Bool { processes.allSatisfy(\.canConverge) }

  package init(processes: [PlannedProcess]) {
    self.processes = processes
  }
}

/// One process in a plan.
package struct PlannedProcess: Equatable, Sendable {
  package var identity: ProcessIdentity
  package var name: String
  package var arguments: [String]
  package var userID: UInt32
  package var state: ProcessState
  /// The mapped files that a manifest or a patch speaks of, the executable first.
  package var binaries: [PlannedBinary]
  /// What to do, in the order of the manifest, what is to go last.
  package var changes: [PlannedChange]
  /// What a killed tool left behind and the next transition clears up.
  package var leftovers: [String]
  /// Why it is not converged; empty exactly when it is.
  package var reasons: [Finding]
  /// The patches that it carries now.
  package var carried: [ObservedPatch]
  /// Of everything that a plan for it depends on, so that a saved plan is exact or refused.
  package var digest: SHA256Digest
  /// How to switch: of all manifests that speak of the process the most careful.
  package var policy: SwitchPolicy
  /// Where to raise `retryFor`.
  package var retryForAt: SourceRange?
  /// Whether the changes, once made, leave it as declared.
  package var canConverge: Bool
  /// Whether a change is known to be impossible, so that nothing is tried.
  package var isBlocked: Bool

  /// Whether there is anything to do; the one property that decides it.
  package var hasWork: Bool { !isBlocked && (!changes.isEmpty || !leftovers.isEmpty) }

  package init(
    identity: ProcessIdentity, name: String, arguments: [String], userID: UInt32, state: ProcessState,
    binaries: [PlannedBinary], changes: [PlannedChange], leftovers: [String], reasons: [Finding],
    carried: [ObservedPatch], digest: SHA256Digest, policy: SwitchPolicy, retryForAt: SourceRange? = nil,
    canConverge: Bool, isBlocked: Bool
  ) {
    self.identity = identity
    self.name = name
    self.arguments = arguments
    self.userID = userID
    self.state = state
    self.binaries = binaries
    self.changes = changes
    self.leftovers = leftovers
    self.reasons = reasons
    self.carried = carried
    self.digest = digest
    self.policy = policy
    self.retryForAt = retryForAt
    self.canConverge = canConverge
    self.isBlocked = isBlocked
  }
}

/// One mapped file of a process and what the manifests say about it.
package struct PlannedBinary: Equatable, Sendable {
  package var path: String
  package var buildID: BuildID
  /// The manifest that lists the build or, failing that, the binary.
  package var set: String?
  /// Where the build is listed; nil when it is not.
  package var listedAt: SourceRange?
  /// The build that lies under the path now, where it is another one.
  package var onDisk: BuildID?

  package init(
    path: String, buildID: BuildID, set: String? = nil, listedAt: SourceRange? = nil, onDisk: BuildID? = nil
  ) {
    self.path = path
    self.buildID = buildID
    self.set = set
    self.listedAt = listedAt
    self.onDisk = onDisk
  }
}

/// One patch that changes in one process.
package struct PlannedChange: Equatable, Sendable {
  /// A step of a transition.
  package enum Action: String, Codable, CaseIterable, Sendable {
    case load, activate, deactivate, unload
  }

  /// The state of a patch in a process.
  package enum State: String, Codable, Sendable {
    case absent, loaded, active
    /// A killed tool left it between two states.
    case interrupted
  }

  /// Why it changes.
  package enum Why: Equatable, Sendable {
    /// The manifest asks for it.
    case declared
    /// It takes the place of another version of the same name, in one switch.
    case succeeds(SHA256Digest)
    /// Another version of the same name takes its place, in one switch.
    case succeededBy(SHA256Digest)
    /// The list for the build is complete and lacks it.
    case notListed
    /// No manifest lists its build, and `--prune` was given.
    case pruned
    /// A killed tool left it half way.
    case interrupted
    /// Somebody put the original bytes back.
    case restoredByOthers
    /// `revert` was asked for.
    case reverted
  }

  package var patch: String
  package var id: SHA256Digest
  package var description: String?
  package var fixes: [String]
  package var buildID: BuildID
  package var before: State
  package var after: State
  package var actions: [Action]
  package var why: Why
  package var places: [PlannedPlace]
  /// Where the manifest declares it; nil for what no manifest names.
  package var declaredAt: SourceRange?

  package init(
    patch: String, id: SHA256Digest, description: String? = nil, fixes: [String], buildID: BuildID, before: State,
    after: State, actions: [Action], why: Why, places: [PlannedPlace], declaredAt: SourceRange? = nil
  ) {
    self.patch = patch
    self.id = id
    self.description = description
    self.fixes = fixes
    self.buildID = buildID
    self.before = before
    self.after = after
    self.actions = actions
    self.why = why
    self.places = places
    self.declaredAt = declaredAt
  }
}

extension PlannedProcess {
  /// The transition that makes the changes.
  ///
  /// - Parameter contents: what to load, by identity (``DesiredState/contents``).
  /// - Returns: the request; nil when there is nothing to do.
  package func request(contents: [SHA256Digest: PatchContent]) -> TransitionRequest? {
    guard hasWork else { return nil }
    func ids(_ action: PlannedChange.Action) -> [SHA256Digest] {
      changes.filter { $0.actions.contains(action) }.map(\.id)
    }
    return TransitionRequest(
      process: identity, load: ids(.load).compactMap { contents[$0] }, activate: ids(.activate),
      deactivate: ids(.deactivate), unload: ids(.unload), policy: policy)
  }
}
