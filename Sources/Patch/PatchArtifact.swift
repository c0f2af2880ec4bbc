/// A `.lpatch` file, read and checked: nothing in it can be wrong any more (docs/artifact.md).
package struct PatchArtifact: Equatable, Sendable {
  /// The whole file, as it was read.
  package let file: [UInt8]
  /// The SHA-256 of the file.
  package let id: SHA256Digest
  /// What the artifact says of itself.
  package let info: PatchInfo
  /// The code and the data.
  package let object: PatchObject
  /// For each of `info.functions` the symbols that it names.
  package let entries: [PatchEntry]
  /// How the program's unwinder learns of the image; nil where it need not.
  package let registration: UnwindRegistration?

  /// Reads and checks a file.
  ///
  /// - Parameter file: the file's whole content.
  /// - Throws: ``DamagedArtifact``, the first trouble that was found.
  package init(reading file: [UInt8]) throws(DamagedArtifact) {
    guard file.count <= PatchLimits.fileSize else {
      throw DamagedArtifact(
        field: "file", found: "\(file.count) bytes", allowed: "at most \(PatchLimits.fileSize) bytes")
    }
    let elf: ElfFile
    do { elf = try ElfFile(bytes: file) } catch { throw DamagedArtifact(error) }
    let reader = try PatchObjectReader(elf)
    let info = try PatchInfo(reading: try reader.info())
    let object = try reader.object(for: info)
    self.file = file
    self.info = info
    self.object = object
    entries = try PatchEntry.resolve(info, in: object)
    registration = try UnwindRegistration.resolve(info, in: object)
    id = SHA256Digest(of: file)
  }
}
