/// A `.lpatch` file, read and checked: nothing in it can be wrong any more (docs/artifact.md).
package struct PatchArtifact: Sendable {
  /// The SHA-256 of the file.
  package let id: SHA256Digest
  /// What the artifact says of itself.
  package let info: PatchInfo

  /// Reads and checks a file.
  ///
  /// - Parameter file: the file's whole content.
  /// - Throws: ``DamagedArtifact``, the first trouble that was found.
  package init(reading file: [UInt8]) throws(DamagedArtifact) {
    throw DamagedArtifact(.unsupported, field: "file", found: "an artifact", allowed: "nothing yet")
  }
}
