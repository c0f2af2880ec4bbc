internal import Glibc
internal import VictimKit

/// Whole files of a test.
package enum TestFile {
  /// A file's content.
  package static func read(_ path: String) throws -> [UInt8] {
    // SAFETY: the strings live for the call, and the stream is closed at the end of this scope.
    guard let file = unsafe fopen(path, "re") else { throw VictimTrouble("cannot open \(path): errno \(errno)") }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // SAFETY: the count is that of the array.
      let count = unsafe fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// Makes a file of bytes.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    // SAFETY: the strings live for the call, and the stream is closed below.
    guard let file = unsafe fopen(path, "we") else { throw VictimTrouble("cannot make \(path): errno \(errno)") }
    // SAFETY: the count is that of the array.
    let written = unsafe fwrite(bytes, 1, bytes.count, file)
    let closed = unsafe fclose(file)
    guard written == bytes.count, closed == 0 else { throw VictimTrouble("cannot write \(path)") }
  }
}
