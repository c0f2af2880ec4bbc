package import Manifest
internal import Patch

/// Manifests as read and checked, artifacts included.
package struct Declaration: Sendable {
  /// What they ask for; may be used only without errors.
  package var desired: DesiredState
  package var diagnostics: [Diagnostic]
  /// Manifests and artifacts with their digests, by path.
  package var inputs: [Report.Input]
  /// How the standard folders were searched; nil when paths were given.
  package var search: ManifestSearch?
  /// The paths that were given.
  package var paths: [String]

  /// Whether anything is wrong enough that nothing may be changed.
  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
  /// How many errors there are.
  package var errors: Int { diagnostics.count { $0.severity == .error } }
  /// How many manifests were read.
  package private(set) var files: Int

  /// Reads and checks what the paths name, or the standard folders.
  package init(_ paths: [String], root: String = "/") {
    let loaded = ManifestLoader(root: root).load(paths)
    var artifacts: [Report.Input] = []
    var reader = DesiredStateReader(
      manifests: loaded, users: UserTable(passwd: FileAccess.text("/etc/passwd") ?? "")
    ) { path in
      do throws(FileAccess.Failed) {
        return .bytes(try FileAccess.read(path))
      } catch {
        return .failed(errno: error.errno)
      }
    }
    desired = reader.read(loaded.patchSets)
    diagnostics = loaded.diagnostics + reader.diagnostics
    search = loaded.search
    files = loaded.inputs.count
    self.paths = paths
    for set in loaded.patchSets {
      for build in set.builds {
        for case .artifact(let path, let sha256, _, _) in build.patches.map(\.content) {
          artifacts.append(Report.Input(path: path, sha256: sha256))
        }
      }
    }
    inputs =
      (loaded.inputs.map { Report.Input(path: $0.path, sha256: SHA256Digest(of: $0.bytes).description) } + artifacts)
      .uniqued().sorted { ($0.path, $0.sha256) < ($1.path, $1.sha256) }
  }

  /// The diagnostics as text for people; empty without any.
  package func text(colour: Bool) -> String { DiagnosticRenderer(colour: colour).render(diagnostics) }

  /// Whether no path was given and no manifest found.
  package var isNothing: Bool { paths.isEmpty && files == 0 && diagnostics.isEmpty }
}
