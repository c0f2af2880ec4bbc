internal import Glibc

/// Why something about a process could not be read.
package enum ProcessUnreadable: Error, Equatable, Sendable {
  /// It ended, or its number belongs to another process now. Not a failure.
  case gone
  /// The kernel said no: an errno value, and to which file or system call.
  case denied(errno: Int32, path: String)
  /// A file of `/proc` does not have the form that proc(5) gives it: the file and the line, counted from 1.
  case malformed(path: String, line: Int)
}

extension ProcessUnreadable {
  /// What an errno value of a call on a file of `/proc/PID` means.
  ///
  /// `errno`: `ENOENT` on opening and `ESRCH` on opening or reading say that the process has gone (proc(5)).
  /// `path`: what was opened or read.
  init(errno code: Int32, path: String) {
    self = code == ENOENT || code == ESRCH ? .gone : .denied(errno: code, path: path)
  }
}
