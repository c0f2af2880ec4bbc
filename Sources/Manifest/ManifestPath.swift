/// Paths as text; nothing is looked up.
enum ManifestPath {
  /// A path as a manifest writes it, relative to the manifest's folder unless it is absolute.
  ///
  /// `..` stays: what it means depends on symbolic links.
  static func resolve(_ path: String, against manifest: String) -> String {
    guard !path.hasPrefix("/"), let slash = manifest.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(manifest[...slash]) + path
  }

  /// A name within a folder.
  static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }
}
