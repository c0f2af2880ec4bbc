package import LiveProcess
package import Manifest
package import Patch

/// What the manifests ask for, with every artifact read and every name resolved: the input of ``plan(desired:observed:prune:)``.
package struct DesiredState: Sendable {
  package var sets: [DesiredSet]
  package init(sets: [DesiredSet]) { self.sets = sets }

  /// The contents of all patches that may have to be loaded, by identity.
  package var contents: [SHA256Digest: PatchContent] {
    var contents: [SHA256Digest: PatchContent] = [:]
    for set in sets {
      for build in set.builds {
        for patch in build.patches { contents[patch.id] = patch.content ?? contents[patch.id] }
      }
    }
    return contents
  }
}

/// One manifest document: what every matching process of one binary is to carry.
package struct DesiredSet: Sendable {
  package var name: String
  /// The path or glob of the mapped file, as written.
  package let binary: String
  /// The same, ready to match; nil for a pattern that is none, which matches nothing.
  package let pattern: Glob?
  package var builds: [DesiredBuild]
  package var unknownBuilds: PatchSet.UnknownBuilds
  package var filter: DesiredFilter
  package var policy: SwitchPolicy
  /// Where `retryFor` is written, or where it would be.
  package var retryForAt: SourceRange
  package var declaredAt: SourceRange

  package init(
    name: String, binary: String, builds: [DesiredBuild], unknownBuilds: PatchSet.UnknownBuilds,
    filter: DesiredFilter, policy: SwitchPolicy, retryForAt: SourceRange, declaredAt: SourceRange
  ) {
    self.name = name
    self.binary = binary
    pattern = try? Glob(binary, slashes: .literal)
    self.builds = builds
    self.unknownBuilds = unknownBuilds
    self.filter = filter
    self.policy = policy
    self.retryForAt = retryForAt
    self.declaredAt = declaredAt
  }

  /// The list for a build; nil when the build is not listed.
  package func build(_ id: BuildID) -> DesiredBuild? { builds.first { $0.buildID == id } }
}

/// What is wanted of one build.
package struct DesiredBuild: Sendable {
  package var buildID: BuildID
  package var patches: [DesiredPatch]
  package var declaredAt: SourceRange
  package init(buildID: BuildID, patches: [DesiredPatch], declaredAt: SourceRange) {
    self.buildID = buildID
    self.patches = patches
    self.declaredAt = declaredAt
  }
}

/// One patch that a list names.
package struct DesiredPatch: Sendable {
  package var id: SHA256Digest
  package var name: String
  package var description: String?
  package var fixes: [String]
  package var state: PatchState
  /// What to load; nil for a patch that is to be absent and whose artifact is not there any more.
  package var content: PatchContent?
  package var places: [PlannedPlace]
  package var declaredAt: SourceRange

  package init(
    id: SHA256Digest, name: String, description: String? = nil, fixes: [String] = [], state: PatchState,
    content: PatchContent? = nil, places: [PlannedPlace], declaredAt: SourceRange
  ) {
    self.id = id
    self.name = name
    self.description = description
    self.fixes = fixes
    self.state = state
    self.content = content
    self.places = places
    self.declaredAt = declaredAt
  }
}

/// A function or value that a patch replaces, as a plan shows it.
package struct PlannedPlace: Hashable, Sendable {
  package var kind: ObservedPatch.Place.Kind
  package var symbol: String
  /// As linked for a patch that is to be loaded, as mapped for one that is carried.
  package var address: UInt64?
  package var size: UInt64
  /// For a value: `+2504 (int32) 2 -> 0`.
  package var detail: String?

  package init(kind: ObservedPatch.Place.Kind, symbol: String, address: UInt64?, size: UInt64, detail: String? = nil) {
    self.kind = kind
    self.symbol = symbol
    self.address = address
    self.size = size
    self.detail = detail
  }
}

/// Narrows a set to some processes; every given key must match.
package struct DesiredFilter: Sendable {
  package var users: Set<UInt32>?
  package var cgroups: [Glob]?
  package var command: [Glob]?

  package init(users: Set<UInt32>? = nil, cgroups: [Glob]? = nil, command: [Glob]? = nil) {
    self.users = users
    self.cgroups = cgroups
    self.command = command
  }

  /// Makes a filter of what a manifest says; a user name that this machine does not know matches nobody.
  package init(_ filter: PatchSet.ProcessFilter, users table: UserTable) {
    users = filter.users.map { Set($0.compactMap(table.number(of:))) }
    // A pattern that was checked when the manifest was read cannot be malformed; one that was not matches nothing.
    cgroups = filter.cgroups.map { $0.compactMap { try? Glob($0, slashes: .literal) } }
    command = filter.command.map { $0.compactMap { try? Glob($0, slashes: .ordinary) } }
  }

  /// Whether a process is one of those meant.
  package func accepts(_ process: ObservedProcess) -> Bool {
    if let users, !users.contains(process.userID) { return false }
    if let cgroups, !cgroups.contains(where: { $0.matches(process.cgroup) }) { return false }
    guard let command else { return true }
    return command.count <= process.arguments.count
      && zip(command, process.arguments).allSatisfy { $0.matches($1) }
  }
}
