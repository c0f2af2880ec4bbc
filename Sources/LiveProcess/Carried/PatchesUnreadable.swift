package import Patch

/// Why it cannot be said which patches a process carries.
package enum PatchesUnreadable: Error, Equatable {
  case process(ProcessUnreadable)
  case memory(MemoryAccessFailed)
  /// A newer version of the tool has been here.
  case newerLedger(version: UInt32)
  case damagedLedger(field: String, at: RemoteAddress)
}
