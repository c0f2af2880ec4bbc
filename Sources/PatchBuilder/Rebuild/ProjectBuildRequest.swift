/// What `lpreconcile build` is asked to make from a change of a project's source.
package struct ProjectBuildRequest: Equatable, Sendable {
  /// How the source changes.
  package enum Change: Equatable, Sendable {
    /// By a unified diff: its path.
    case diff(String)
    /// To another version of the whole source: its folder.
    case newSource(String)
  }

  package var artifact: ArtifactRequest
  /// The folder of the source that the binary was built from; it is only read.
  package var source: String
  /// The command that builds the project, as for a shell, run in that folder's copy.
  package var command: String
  package var change: Change

  package init(artifact: ArtifactRequest, source: String, command: String, change: Change) {
    self.artifact = artifact
    self.source = source
    self.command = command
    self.change = change
  }
}
