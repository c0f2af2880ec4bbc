internal import Glibc

/// What a path leads to.
enum FileKind: Equatable {
  case file, folder
  /// A link to `/dev/null`.
  case mask
  /// A pipe or a device: read when it is named itself, never as part of a folder.
  case stream
  case other
}

/// A file or folder could not be read.
struct FileUnreadable: Error {
  /// The errno value.
  var number: Int32

  var isMissing: Bool { number == ENOENT || number == ENOTDIR }

  /// The system's words for it.
  var reason: String {
    if number == ETIMEDOUT { return "a pipe into which nobody writes" }
    // SAFETY: strerror(3) gives a string of the calling thread's, or a constant one (glibc since 2.32).
    return unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
  }
}

/// Which file a path leads to, whatever it is called.
struct FileIdentity: Hashable {
  var device: UInt64
  var inode: UInt64
}

/// Reads files and folders through the C library; nothing is written.
enum FileContent {
  /// What a path leads to, symbolic links followed.
  static func kind(of path: String) throws(FileUnreadable) -> FileKind {
    let status = try status(of: path)
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    case S_IFCHR where status.st_rdev == nullDevice: return isLink(path) ? .mask : .stream
    case S_IFIFO, S_IFCHR: return .stream
    default: return .other
    }
  }

  /// `/dev/null` (null(4): character device 1, 3).
  private static let nullDevice: dev_t = 1 << 8 | 3

  private static func status(of path: String) throws(FileUnreadable) -> stat {
    var status = stat()
    // SAFETY: the string lives for the call, and stat(2) fills the structure.
    guard unsafe stat(path, &status) == 0 else { throw FileUnreadable(number: errno) }
    return status
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: as above, for lstat(2).
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// How long a pipe may take to begin, in milliseconds.
  private static let patience: Int32 = 5000

  /// A file's bytes, at most `limit` of them and one more, so that the caller sees that there are more.
  static func read(_ path: String, limit: Int) throws(FileUnreadable) -> (bytes: [UInt8], identity: FileIdentity) {
    // SAFETY: the string lives for the call.
    // O_NONBLOCK: to open a pipe that has no writer would wait for one without end.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileUnreadable(number: errno) }
    defer { close(descriptor) }
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // SAFETY: poll(2) gets one structure. A file is ready at once; a pipe when something has been written, or never.
    guard unsafe poll(&polled, 1, patience) != 0 else { throw FileUnreadable(number: ETIMEDOUT) }
    _ = fcntl(descriptor, F_SETFL, O_RDONLY)
    var status = stat()
    // SAFETY: fstat(2) fills the structure.
    guard unsafe fstat(descriptor, &status) == 0 else { throw FileUnreadable(number: errno) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while bytes.count <= limit {
      let wanted = min(piece.count, limit + 1 - bytes.count)
      // SAFETY: the array has room for as many bytes as are asked for.
      let count = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, wanted) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileUnreadable(number: errno) }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    return (bytes, FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
  }

  /// The names in a folder, by their bytes.
  static func names(in folder: String) throws(FileUnreadable) -> [String] {
    // SAFETY: the string lives for the call.
    guard let stream = unsafe opendir(folder) else { throw FileUnreadable(number: errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      // SAFETY: the stream is open; the entry lives until the next call.
      guard let entry = unsafe readdir(stream) else { break }
      // SAFETY: d_name ends with a zero byte.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      names.append(name)
    }
    guard errno == 0 else { throw FileUnreadable(number: errno) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The names in a folder that are manifests: `*.yaml` and `*.yml`, as a shell sees them.
  static func manifestNames(in folder: String) throws(FileUnreadable) -> [String] {
    try names(in: folder).filter { !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) }
  }
}
