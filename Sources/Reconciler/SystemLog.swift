internal import Glibc
internal import LiveProcess
internal import Patch

/// The lines of the audit trail in the system's log: one for each process that was changed.
package enum SystemLog {
  /// The line for one outcome; nil for a process that was not changed.
  ///
  /// - Parameters:
  ///   - outcome: what became of it.
  ///   - who: who ran the command, by name or number.
  ///   - command: `apply` or `revert`.
  /// - Returns: `key=value` pairs in one line without control characters.
  package static func line(for outcome: ProcessOutcome, who: String, command: String) -> String? {
    guard outcome.outcome?.changed == true || outcome.result == .failed else { return nil }
    let process = outcome.process
    let patches = process.changes.map {
      "\($0.patch):\($0.before.rawValue)->\($0.after.rawValue):sha256=\($0.id)"
    }
    var fields = [
      "by=\(who)", "command=\(command)", "code=\(outcome.reasons.first?.code ?? "LP0500")",
      "pid=\(process.identity.pid)", "name=\(process.name)",
      "build=\(process.changes.first?.buildID.description ?? "-")", "patches=\(patches.joined(separator: ","))",
      "result=\(outcome.result.rawValue)",
    ]
    if let stop = outcome.outcome?.longestStop { fields.append("stop_us=\(stop.microseconds)") }
    return fields.joined(separator: " ").printable
  }

  /// Sends lines to the system's log (unix(7), RFC 3164's local form); a machine without one loses nothing else.
  ///
  /// - Parameters:
  ///   - lines: the messages.
  ///   - path: the socket; `/dev/log` but in tests.
  /// - Returns: whether all were sent.
  @discardableResult
  package static func send(_ lines: [String], to path: String = "/dev/log") -> Bool {
    guard !lines.isEmpty else { return true }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < room else { return false }
    // SAFETY: the guard keeps the path and its final zero inside the array.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { buffer in
      for (index, byte) in bytes.enumerated() { unsafe buffer[index] = byte }
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // SAFETY: the pointer is to a whole sockaddr_un for the duration of the call, which is what AF_UNIX takes.
    let failed = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard failed == 0 else { return false }
    // Facility authpriv (10), severity notice (5): who changed what is for the eyes of the administrator.
    let priority = 10 << 3 | 5
    var isWhole = true
    for line in lines {
      let message = Array("<\(priority)>lpreconcile[\(getpid())]: \(line)".utf8)
      // SAFETY: the array outlives the call and its count is given.
      let sent = unsafe message.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if sent != message.count { isWhole = false }
    }
    return isWhole
  }
}

extension String {
  /// The text without control characters: names and arguments of processes are foreign, and a terminal obeys what it is sent.
  package var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: "?"
          default: scalar
          }
        }))
  }
}

extension SystemLog {
  /// The number of the user who runs the tool.
  static var effectiveUser: UInt32 { geteuid() }
}
