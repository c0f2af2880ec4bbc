internal import Glibc

/// Reads and writes whole files.
enum WholeFile {
  /// The most that is read, in bytes: more than any artifact or source may have.
  static let limit = 64 << 20

  /// The content of a file.
  static func read(_ path: String) throws(BuildRefused) -> [UInt8] {
    // SAFETY: C gets the string for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw BuildRefused(.unreadable(errno: errno), at: path) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // SAFETY: the kernel writes at most the buffer's own length.
      let got = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw BuildRefused(.unreadable(errno: errno), at: path) }
      if got == 0 { return content }
      content += piece[..<got]
      guard content.count <= limit else { throw BuildRefused(.unreadable(errno: 0), at: path) }
    }
  }

  /// Refuses a path that does not lead to a file that may be read.
  static func checkReadable(_ path: String) throws(BuildRefused) {
    // SAFETY: C gets the string for the time of the call.
    guard unsafe access(path, R_OK) == 0 else { throw BuildRefused(.unreadable(errno: errno), at: path) }
  }

  /// Whether a path leads to a regular file; nil where it leads nowhere.
  static func isRegular(_ path: String) -> Bool? {
    var status = stat()
    // SAFETY: the string and the structure outlive the call.
    guard unsafe stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT == S_IFREG
  }

  /// Removes a file, if it is there.
  static func remove(_ path: String) {
    // SAFETY: C gets the string for the time of the call.
    _ = unsafe unlink(path)
  }

  /// The last part of a path.
  static func name(of path: String) -> String { path.split(separator: "/").last.map { String($0) } ?? path }

  /// A path from the root, without symbolic links; the path itself where the system knows none.
  static func absolute(_ path: String) -> String {
    // SAFETY: realpath allocates its answer, which is copied and given back here.
    guard let answer = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(answer) }
    return unsafe String(cString: answer)
  }

  /// Writes a file whole or not at all: beside it first, then renamed.
  ///
  /// A device or a FIFO is refused: the new file would take its place.
  static func write(_ content: [UInt8], to path: String) throws(BuildRefused) {
    let present = isRegular(path)
    guard present ?? true else { throw BuildRefused(.outputNotAFile, at: path) }
    // What a symbolic link leads to is replaced, not the link.
    let target = present == nil ? path : absolute(path)
    let beside = "\(target).\(getpid()).tmp"
    // SAFETY: C gets the string for the time of the call.
    let descriptor = unsafe open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BuildRefused(.notWritable(errno: errno), at: path) }
    var failure: Int32 = 0
    var done = 0
    while done < content.count && failure == 0 {
      // SAFETY: the slice behind `done` has the length that the kernel gets.
      let put = unsafe content.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      }
      if put > 0 { done += put } else if errno != EINTR { failure = errno }
    }
    // A full disk may be reported as late as here; see close(2).
    if close(descriptor) != 0 && failure == 0 { failure = errno }
    // SAFETY: C gets the strings for the time of the calls.
    if unsafe failure == 0 && rename(beside, target) != 0 { failure = errno }
    guard failure == 0 else {
      remove(beside)
      throw BuildRefused(.notWritable(errno: failure), at: path)
    }
  }
}
