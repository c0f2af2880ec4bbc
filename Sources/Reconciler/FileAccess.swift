internal import Glibc

/// Files that the commands read and write, as wholes.
package enum FileAccess {
  /// What the kernel said.
  package struct Failed: Error, Equatable {
    package var path: String
    package var errno: Int32

    package init(path: String, errno: Int32) {
      self.path = path
      self.errno = errno
    }
  }

  /// The largest file that is read: an artifact of 64 MiB is none.
  static let largest = 64 << 20

  /// Reads a file.
  package static func read(_ path: String) throws(Failed) -> [UInt8] {
    // O_NONBLOCK: a pipe in the place of a file must not keep the tool waiting.
    // SAFETY: the string is terminated and lives for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failed(path: path, errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    // SAFETY: fstat(2) fills the structure that the pointer is to.
    guard unsafe fstat(descriptor, &status) == 0 else { throw Failed(path: path, errno: errno) }
    // A pipe would be read as far as it is filled now, and a device without end. (Folders say so themselves.)
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFDIR else { throw Failed(path: path, errno: ENODEV) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      // SAFETY: the size is that of the buffer.
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw Failed(path: path, errno: errno)
      }
      if count == 0 { return content }
      content += buffer[..<count]
      guard content.count <= largest else { throw Failed(path: path, errno: EFBIG) }
    }
  }

  /// Reads a file as text; nil where there is none.
  package static func text(_ path: String) -> String? {
    // What cannot be read is treated by each caller as what is not there, or it uses read(_:).
    (try? read(path)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Writes a file as a whole: beside it first, then renamed, so that nobody reads half of it.
  package static func write(_ text: String, to path: String) throws(Failed) {
    let beside = "\(path).\(getpid()).new"
    // SAFETY: as in read(_:), here and below.
    let descriptor = unsafe open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failed(path: path, errno: errno) }
    var failed = emit(Array(text.utf8), to: descriptor)
    if failed == 0, fsync(descriptor) != 0 { failed = errno }
    close(descriptor)
    if failed == 0, unsafe rename(beside, path) != 0 { failed = errno }
    guard failed == 0 else {
      unsafe unlink(beside)
      throw Failed(path: path, errno: failed)
    }
  }

  /// The folder that relative paths are relative to; nil where it has been removed.
  package static var workingFolder: String? {
    // SAFETY: realpath answers a string of its own, which is copied and freed here.
    guard let path = unsafe realpath(".", nil) else { return nil }
    defer { unsafe free(path) }
    return unsafe String(cString: path)
  }

  /// Makes another folder the one that relative paths are relative to.
  package static func enter(_ folder: String) throws(Failed) {
    // SAFETY: the string is terminated and lives for the call.
    guard unsafe chdir(folder) == 0 else { throw Failed(path: folder, errno: errno) }
  }

  /// Writes bytes to a descriptor; 0 or an errno value.
  @discardableResult
  package static func emit(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
      // SAFETY: the count is that of the slice.
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      rest = rest.dropFirst(count)
    }
    return 0
  }
}
