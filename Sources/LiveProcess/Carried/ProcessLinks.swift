internal import CTrace
internal import Glibc

/// Directories of links in `/proc`, such as a process's descriptors.
enum ProcessLinks {
  /// The names in a directory; none where it cannot be read.
  static func names(in path: String) -> [String] {
    // SAFETY: opendir's stream is used by this function alone and closed at its end.
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    // SAFETY: readdir's entry is valid until the next call on this stream, and its name is terminated (readdir(3)).
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
      names.append(String(decoding: name, as: UTF8.self))
    }
    return names
  }

  /// Where a link leads; nil where it is gone.
  static func target(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    var done = 0
    // SAFETY: the path is terminated and lives for the call; the size is that of the array.
    guard unsafe observe_readlink(AT_FDCWD, path, &buffer, buffer.count, &done) == 0 else { return nil }
    return String(decoding: buffer.prefix(done).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
