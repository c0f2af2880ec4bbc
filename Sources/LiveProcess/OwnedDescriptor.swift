internal import CTrace
internal import Glibc

/// A file descriptor that is closed when its owner goes.
package struct OwnedDescriptor: ~Copyable, Sendable {
  /// Its number.
  package let value: Int32

  /// Takes over a descriptor that nobody else closes.
  package init(owning value: Int32) { self.value = value }

  deinit { close(value) }

  /// Opens a file; the descriptor is closed on exec.
  ///
  /// - Parameters:
  ///   - path: absolute, or below `directory`.
  ///   - directory: a directory's descriptor; nil for the working directory.
  ///   - flags: those of open(2).
  /// - Throws: the errno value.
  package init(opening path: String, in directory: Int32? = nil, flags: Int32 = O_RDONLY) throws(SystemCallFailed) {
    var descriptor: Int32 = -1
    // SAFETY: the string is terminated and lives for the call, which writes one descriptor.
    let error = unsafe observe_open(directory ?? AT_FDCWD, path, flags, &descriptor)
    guard error == 0 else { throw SystemCallFailed(call: "open", errno: error) }
    value = descriptor
  }

  /// Reads until the end of the file.
  ///
  /// `limit`: the most bytes to take; a longer file is an error (`EFBIG`).
  package func readToEnd(limit: Int = 64 << 20) throws(SystemCallFailed) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      var done = 0
      // SAFETY: the count is that of the array.
      let error = unsafe observe_read(value, &chunk, chunk.count, &done)
      if error == EINTR { continue }
      guard error == 0 else { throw SystemCallFailed(call: "read", errno: error) }
      if done == 0 { return bytes }
      guard bytes.count + done <= limit else { throw SystemCallFailed(call: "read", errno: EFBIG) }
      bytes += chunk[..<done]
    }
  }
}
