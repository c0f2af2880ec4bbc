import Glibc

/// The names in a folder.
enum ManifestNames {
  /// The `*.yaml` of a folder, by name.
  static func list(_ folder: String) throws -> [String] {
    try all(in: folder).filter { $0.hasSuffix(".yaml") }.sorted()
  }

  /// All of them; a link is no folder.
  static func all(in folder: String) throws -> [String] {
    guard let stream = unsafe opendir(folder) else { throw TestFiles.NotReadable(path: folder) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      names.append(name)
    }
    return names
  }
}
