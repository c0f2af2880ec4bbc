/// What `lpreconcile build` is asked to make from a change of a project's source.
package struct ProjectBuildRequest: Equatable, Sendable {
  /// Where the source of the binary comes from.
  package enum Origin: Equatable, Sendable {
    /// A folder, which is only read, and the command that builds it, as for a shell.
    case project(source: String, command: String)
    case debian(Debian)
  }

  /// A source package of the machine's distribution.
  package struct Debian: Equatable, Sendable {
    package var name: String
    /// Nil for that of the installed package that owns the binary.
    package var version: String?
    /// The path of its `.dsc`, where the archive has the version no more.
    package var file: String?

    package init(name: String, version: String? = nil, file: String? = nil) {
      self.name = name
      self.version = version
      self.file = file
    }
  }

  /// What the author of a patch may answer for where it cannot be told.
  package enum Acceptance: String, CaseIterable, Sendable {
    /// That no memory changes hands (``BuildRefusal/Reason/memoryChangesHands(releases:function:acquires:)``).
    case memoryOwnership = "memory-ownership"
  }

  /// How the source changes.
  package enum Change: Equatable, Sendable {
    /// By a unified diff: its path.
    case diff(String)
    /// To another version of the whole source: its folder.
    case newSource(String)
  }

  package var artifact: ArtifactRequest
  package var origin: Origin
  package var change: Change
  /// Whether the source is known to be that of the binary, by a package and its version: then a rebuild may have other constants, as newer
  /// libraries give it.
  package var knowsSource: Bool
  package var accepts: Set<Acceptance>
  /// The folder that keeps what is needed again for the next change; nil for none.
  package var cache: String?

  package init(
    artifact: ArtifactRequest, origin: Origin, change: Change, knowsSource: Bool = false,
    accepts: Set<Acceptance> = [], cache: String? = nil
  ) {
    self.artifact = artifact
    self.origin = origin
    self.change = change
    self.knowsSource = knowsSource
    self.accepts = accepts
    self.cache = cache
  }
}
