/// Makes artifacts: the one entry point of this target.
package enum PatchBuild {
  /// Compiles, checks and writes what a request asks for.
  ///
  /// - Throws: everything that stands against it; then nothing was written.
  package static func run(_ request: BuildRequest) async throws(BuildRefused) -> BuildReport {
    throw BuildRefused(.nothingToReplace)
  }
}
