internal import CTrace

/// Whether a process shares its address space with another one (vfork(2), or clone(2) with CLONE_VM and without CLONE_THREAD).
package enum SharedAddressSpace {
  /// The first other process that has the same address space; nil when there is none.
  ///
  /// Where code and stack begin is kept in the address space itself, so only processes that agree there are compared
  /// (kcmp(2)).
  package static func other(than process: ProcessID) -> ProcessID? {
    // Gone or unreadable: the caller's next step says so.
    guard let image = try? ProcessStat.read(process).image else { return nil }
    for candidate in ThreadStatus.processes() where candidate != process.value {
      guard let stat = try? ProcessStat.read(ProcessID(candidate)), stat.image == image else { continue }
      var order: Int32 = 0
      // SAFETY: the wrapper writes one int.
      if unsafe trace_compare_memory(process.value, candidate, &order) == 0 && order == 0 {
        return ProcessID(candidate)
      }
    }
    return nil
  }
}
