/// One manifest document: which patches every process of one binary is to carry, per build.
///
/// Everything here has been checked: a value of this type cannot be wrong in itself.
package struct PatchSet: Equatable, Sendable {
  /// `metadata.name`.
  package var name: String
  /// `metadata.description`.
  package var description: String?
  /// `spec.binary`: an absolute path or glob of the mapped ELF file, in the process's own mount namespace.
  package var binary: String
  /// `spec.builds`: in the order written; a build-id is listed once.
  package var builds: [Build]
  /// `spec.unknownBuilds`.
  package var unknownBuilds: UnknownBuilds
  /// `spec.processes`.
  package var processes: ProcessFilter
  /// `spec.policy`.
  package var policy: Policy
  /// Where the document begins.
  package var declaredAt: SourceRange

  /// Makes a patch set; nothing is checked.
  package init(
    name: String, description: String? = nil, binary: String, builds: [Build], unknownBuilds: UnknownBuilds = .report,
    processes: ProcessFilter = ProcessFilter(), policy: Policy, declaredAt: SourceRange
  ) {
    self.name = name
    self.description = description
    self.binary = binary
    self.builds = builds
    self.unknownBuilds = unknownBuilds
    self.processes = processes
    self.policy = policy
    self.declaredAt = declaredAt
  }

  /// What to do about a process of the binary whose build is not listed.
  package enum UnknownBuilds: String, CaseIterable, Sendable {
    case report, fail, ignore
  }

  /// What is wanted of one build; an empty list of patches declares that there is nothing to do.
  package struct Build: Equatable, Sendable {
    /// Lower-case hexadecimal digits, an even number of them.
    package var buildID: String
    /// In the order written; a name is listed once.
    package var patches: [PatchEntry]
    /// Where the build-id is written.
    package var declaredAt: SourceRange

    /// Makes a build's list; nothing is checked.
    package init(buildID: String, patches: [PatchEntry], declaredAt: SourceRange) {
      self.buildID = buildID
      self.patches = patches
      self.declaredAt = declaredAt
    }
  }

  /// Narrows a patch set to some processes; every given key must match.
  package struct ProcessFilter: Equatable, Sendable {
    /// User names or numbers; nil means any.
    package var users: [String]?
    /// cgroup-v2 paths or globs of them; nil means any.
    package var cgroups: [String]?
    /// Globs against argv, one for one from the first; more arguments may follow; nil means any.
    package var command: [String]?

    /// Makes a filter; without arguments it lets every process pass.
    package init(users: [String]? = nil, cgroups: [String]? = nil, command: [String]? = nil) {
      self.users = users
      self.cgroups = cgroups
      self.command = command
    }
  }

  /// How a switch is made.
  package struct Policy: Equatable, Sendable {
    /// The longest stop allowed; 100 ms where the manifest says nothing (the Carrier Grade Linux limit).
    package var maxStop: Duration
    package var consistency: Consistency
    /// How long to retry while a function is in use; 30 s where the manifest says nothing.
    package var retryFor: Duration
    /// Where `retryFor` is written, or where it would be: for the message of a busy process.
    package var declaredAt: SourceRange

    /// `maxStop` where the manifest says nothing.
    package static let defaultMaxStop = Duration.milliseconds(100)
    /// `retryFor` where the manifest says nothing.
    package static let defaultRetryFor = Duration.seconds(30)

    /// Makes a policy; what is left out has the manifest's default.
    package init(
      maxStop: Duration = Policy.defaultMaxStop, consistency: Consistency = .stackCheck,
      retryFor: Duration = Policy.defaultRetryFor, declaredAt: SourceRange
    ) {
      self.maxStop = maxStop
      self.consistency = consistency
      self.retryFor = retryFor
      self.declaredAt = declaredAt
    }
  }

  /// When a switch counts as safe.
  package enum Consistency: String, CaseIterable, Sendable {
    /// No thread is inside a function that changes.
    case stackCheck = "stack-check"
    /// A call in progress may end in the old code while new calls enter the new.
    case immediate
  }
}
