/// A process number in the tool's own PID namespace.
package struct ProcessID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package let value: Int32
  package init(_ value: Int32) { self.value = value }
  package static func < (a: ProcessID, b: ProcessID) -> Bool { a.value < b.value }
  package var description: String { String(value) }
}

/// A process and not another one that was given its number later.
package struct ProcessIdentity: Hashable, Codable, Sendable {
  package let pid: ProcessID
  /// When it started, in clock ticks after boot: field 22 of `/proc/PID/stat` (proc(5)).
  package let startTime: UInt64
  package init(pid: ProcessID, startTime: UInt64) {
    self.pid = pid
    self.startTime = startTime
  }
}
