package import Patch

/// Why a process was left as it was: facts, from which the command line makes the text.
package struct TransitionRefused: Error, Equatable, Codable {
  package var process: ProcessIdentity
  /// The patch's name; nil when it is about the process as a whole.
  package var patch: String?
  /// The function or variable; nil when it is about the patch as a whole.
  package var symbol: String?
  package var reason: Reason
  /// How many attempts there were.
  package var tries: Int
  /// The longest stop of these attempts.
  package var longestStop: Duration?

  package enum Reason: Error, Equatable, Codable, Sendable {
    // Busy: trying later may help.
    case functionInUse(thread: Int32, backtrace: [Frame])
    /// Another lpreconcile works on the process.
    case anotherReconciler(pid: Int32)
    /// A debugger traces it.
    case traced(by: Int32, name: String)
    /// The stop would have been longer than allowed; everything resumed unchanged.
    case stopTooLong(limit: Duration)
    /// The stop reached its limit, and the kernel let the process go by ending the worker that held it; whether it was
    /// switched by then, the next look says.
    case stopEnded(limit: Duration)
    /// It shares its address space with another process (vfork, CLONE_VM).
    case sharesMemory(with: Int32)
    /// No thread can be used for a remote call now.
    case noUsableThread(why: String)
    /// No thread can make the patch known to the program's unwinder, or take that back, now.
    case noRestingThread(why: String)

    // Only of an unload: the patch stays loaded, not in effect.
    /// Something that is on no thread's stack still leads into the patch's memory.
    case stillReferenced(ImageReference)

    // Refused: trying later does not help.
    /// The bytes in memory are not those that the patch was made against.
    case foreignBytes(ObservedPatch.Drift)
    /// A place is taken by another active patch.
    case placeTaken(by: String)
    /// The value before is not the expected one.
    case unexpectedValue(expected: [UInt8], found: [UInt8])
    /// The variable is unknown, or the value reaches beyond it, or its memory is read-only.
    case noSuchValue(String)
    case unresolvedImport(symbol: String, library: String?)
    /// No gap in reach of a near branch, and the function has no room for the absolute form.
    case outOfReach
    /// All 64 bits of the state word are taken.
    case tooManyPatches
    /// Only the direct form is possible, and this switch is more than one function on one page.
    case directFormOnly(String)
    /// The branch would cross a page.
    case crossesPage
    /// The function branches back to its entry, which `immediate` cannot allow.
    case loopsToEntry
    /// `shstk`, `ia32`, `ptrace_scope=3`, …
    case unsupported(String)
    /// The kernel said no: a system call's or a file's name and the errno value.
    case kernel(call: String, errno: Int32)
    /// The build is not mapped any more.
    case buildNotMapped(BuildID)
    case notLoaded
    case newerLedger(version: UInt32)
    case damagedLedger(field: String, at: RemoteAddress)
    /// The process is not what it was when the plan was made.
    case changedSincePlan
    /// The worker ended over it, for no reason of the process's: what it left, the next run completes or rolls back.
    case workerEnded(with: String)

    /// The process ended in between; not a failure.
    case gone
  }

  /// One frame of a backtrace.
  package struct Frame: Equatable, Codable, Sendable {
    package var address: RemoteAddress
    /// `hllMerge+0x8c`, or `libc.so.6+0x2a1f0` where no symbol is known.
    package var text: String
    package init(address: RemoteAddress, text: String) {
      self.address = address
      self.text = text
    }
  }

  package init(
    process: ProcessIdentity, patch: String? = nil, symbol: String? = nil, reason: Reason, tries: Int,
    longestStop: Duration? = nil
  ) {
    self.process = process
    self.patch = patch
    self.symbol = symbol
    self.reason = reason
    self.tries = tries
    self.longestStop = longestStop
  }
}
