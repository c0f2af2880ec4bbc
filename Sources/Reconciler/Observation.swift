package import LiveProcess
package import Patch

/// Everything that one look at the machine found.
package struct Observation: Equatable, Sendable {
  package var processes: [ObservedProcess]
  /// For each process the manifests' binary paths that symbolic links of its own mount namespace lead elsewhere.
  package var canonicalPaths: [ProcessIdentity: [String: String]]
  /// For each process the build that lies on disk under a mapped path, where it is another one than the mapped.
  package var buildsOnDisk: [ProcessIdentity: [String: BuildID]]
  /// Why nothing could be looked at; nil when it could.
  package var failure: Finding?

  package init(
    processes: [ObservedProcess], canonicalPaths: [ProcessIdentity: [String: String]] = [:],
    buildsOnDisk: [ProcessIdentity: [String: BuildID]] = [:]
  ) {
    self.processes = processes
    self.canonicalPaths = canonicalPaths
    self.buildsOnDisk = buildsOnDisk
  }
}
