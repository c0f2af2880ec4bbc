package import Patch

/// What a scan looks for; a process that has none of it is not reported, unless it cannot be read.
package struct ScanQuestion: Equatable, Sendable {
  /// Builds that matter under any path.
  package var builds: Set<BuildID>
  /// Paths of mapped files in the process's own mount namespace, or globs of them (fnmatch(3), `/` only matched by `/`).
  ///
  /// Where symbolic links of that namespace lead a path elsewhere, the file there is meant too.
  package var paths: [String]
  /// Only these processes; nil for all.
  package var processes: Set<ProcessID>?

  package init(builds: Set<BuildID> = [], paths: [String] = [], processes: Set<ProcessID>? = nil) {
    self.builds = builds
    self.paths = paths
    self.processes = processes
  }
}
