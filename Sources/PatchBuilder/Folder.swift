internal import Glibc

/// Folders of files, as a build makes, reads and removes them.
enum Folder {
  /// Makes one, for this user only.
  static func make(_ path: String) throws(BuildRefused) {
    // SAFETY: C gets the string for the time of the call.
    guard unsafe mkdir(path, 0o700) == 0 else { throw BuildRefused(.notWritable(errno: errno), at: path) }
  }

  /// The names in a folder, `.` and `..` left out; empty where there is none.
  static func names(in folder: String) -> [String] {
    // SAFETY: the stream is open from here to closedir; a name is terminated and is copied before the next is read.
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// All regular files below a folder; what symbolic links lead to is not looked at.
  static func files(below folder: String) -> [String] {
    names(in: folder).map { "\(folder)/\($0)" }.flatMap { (path: String) -> [String] in
      switch kind(of: path) {
      case S_IFDIR: files(below: path)
      case S_IFREG: [path]
      default: []
      }
    }
  }

  /// Removes a folder with all that is in it; what symbolic links lead to stays.
  static func remove(_ folder: String) {
    for name in names(in: folder) {
      let path = "\(folder)/\(name)"
      if kind(of: path) == S_IFDIR { remove(path) } else { WholeFile.remove(path) }
    }
    // SAFETY: C gets the string for the time of the call.
    _ = unsafe rmdir(folder)
  }

  /// What a symbolic link says; nil for what is none.
  static func link(_ path: String) -> String? {
    guard kind(of: path) == S_IFLNK else { return nil }
    // SAFETY: readlink writes no more than it is told, and says how much.
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      let count = unsafe readlink(path, start, buffer.count)
      guard count > 0 else { return nil }
      return unsafe String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// What kind of file a path itself names (`S_IFDIR`, `S_IFREG` …); nil where there is none.
  private static func kind(of path: String) -> mode_t? {
    var status = stat()
    // SAFETY: the string and the structure outlive the call.
    return unsafe lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}
