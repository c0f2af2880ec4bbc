/// A file that was read, for whoever wants to say which content a report is about.
package struct ManifestInput: Equatable, Sendable {
  /// The path as given, or the folder's path with the file's name behind it.
  package var path: String
  /// All of it; at most 1 MiB and one byte.
  package var bytes: [UInt8]

  /// Makes an input.
  package init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}
