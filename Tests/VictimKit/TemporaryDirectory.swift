internal import Glibc

/// A directory of a test's own, removed with all that is in it when the last reference goes.
package final class TemporaryDirectory: Sendable {
  /// Its absolute path, without a slash at the end.
  package let path: String

  /// Makes it below the system's directory for temporary files.
  package init() throws(VictimTrouble) {
    var template = Array("/tmp/lpreconcile-test.XXXXXX".utf8CString)
    // SAFETY: mkdtemp writes the six last characters of the terminated string that the array holds.
    let made = unsafe mkdtemp(&template) != nil
    guard made else { throw VictimTrouble("mkdtemp: errno \(errno)") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The path of a file in it.
  package func file(_ name: String) -> String { path + "/" + name }

  deinit { _ = try? Command.run(["/bin/rm", "-rf", path]) }  // What is left lies in /tmp: nothing depends on it.
}
