/// What a look at manifests gave: the wanted state, what is wrong, and what was read.
package struct LoadedManifests: Equatable, Sendable {
  /// The documents without an error, in the order of the files and within them.
  ///
  /// With ``hasErrors`` it is not the whole of what was wanted, so nothing may be changed by it.
  package var patchSets: [PatchSet]
  /// Everything that is wrong, by file as given, then by place.
  package var diagnostics: [Diagnostic]
  /// The files that could be read, in the order in which they were.
  package var inputs: [ManifestInput]
  /// How the standard folders were searched; nil when paths were given.
  package var search: ManifestSearch?

  /// Whether anything is wrong enough that nothing may be changed.
  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// Makes a result.
  package init(
    patchSets: [PatchSet] = [], diagnostics: [Diagnostic] = [], inputs: [ManifestInput] = [],
    search: ManifestSearch? = nil
  ) {
    self.patchSets = patchSets
    self.diagnostics = diagnostics
    self.inputs = inputs
    self.search = search
  }
}
