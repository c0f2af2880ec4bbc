/// Reads manifests: paths in, the wanted state and everything that is wrong out.
package struct ManifestLoader: Sendable {
  /// The folder that the standard folders are looked for in; `/` but in tests.
  package var root: String

  /// Makes a loader.
  package init(root: String = "/") {
    self.root = root
  }
}
