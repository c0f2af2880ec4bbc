internal import Glibc

/// A small text file of procfs, read whole.
enum ProcText {
  /// The text; nil when it cannot be opened or read (the process ended, or may not be looked at).
  static func read(_ path: String) -> String? {
    // SAFETY: the path is a string of ours.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    while true {
      var failed = false
      let before = bytes.count
      // SAFETY: the buffer has room for what is read, and only what was read is counted.
      bytes = unsafe Array(unsafeUninitializedCapacity: before + 16384) { buffer, count in
        for (index, byte) in bytes.enumerated() { unsafe buffer[index] = byte }
        let result = unsafe Glibc.read(file, buffer.baseAddress.map { unsafe $0 + before }, 16384)
        failed = result < 0
        count = before + max(result, 0)
      }
      if failed { return nil }
      if bytes.count == before { return String(decoding: bytes, as: UTF8.self) }
    }
  }
}
