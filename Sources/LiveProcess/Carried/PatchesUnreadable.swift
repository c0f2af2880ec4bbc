package import Patch

/// Why it cannot be said which patches a process carries.
package enum PatchesUnreadable: Error, Equatable {
  case process(ProcessUnreadable)
  case memory(MemoryAccessFailed)
  /// A newer version of the tool has been here.
  case newerLedger(version: UInt32)
  case damagedLedger(field: String, at: RemoteAddress)
}

extension PatchesUnreadable {
  /// Why nothing can be said of a process, as reports know it.
  package func reason(of process: ProcessID) -> ObservedProcess.UnreadableReason {
    switch self {
    case .process(.denied(let errno, let path)): .denied(errno: errno, path: path)
    case .process(.malformed(let path, _)): .denied(errno: 0, path: path)
    case .process(.gone): .denied(errno: 3, path: "/proc/\(process)")
    case .memory(let failure): .denied(errno: failure.errno, path: "/proc/\(process)/mem")
    case .newerLedger(let version): .newerLedger(version: version)
    case .damagedLedger(let field, let at): .damagedLedger(field: field, at: at)
    }
  }
}
