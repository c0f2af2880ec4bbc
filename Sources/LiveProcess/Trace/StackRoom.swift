internal import Patch

/// Whether the stack that a thread runs on provably has room below its stack pointer.
enum StackRoom {
  /// Whether a thread's stack has room below its pointer.
  ///
  /// `needed`: bytes below the stack pointer, the red zone included.
  /// `registers`: of the standing thread.
  static func holds(_ needed: UInt64, below registers: ThreadRegisters, of tid: Int32) -> Bool {
    // A process that cannot be read any more has no room; what it died of is found by the next request.
    guard let map = try? MemoryMap.read(ProcessID(tid)) else { return false }
    return holds(needed, below: registers, in: map)
  }

  /// The main stack grows by itself, as far as the kernel lets it.
  ///
  /// Any other must be a private writable mapping that nothing else
  /// can share: below it inaccessible pages (a guard), and enough room above them. A coroutine's stack that was cut out of
  /// the heap or of a bigger block has neither a name nor a bound.
  static func holds(_ needed: UInt64, below registers: ThreadRegisters, in map: MemoryMap) -> Bool {
    let pointer = RemoteAddress(registers.rsp)
    guard let stack = map.mapping(at: pointer), stack.permissions.contains([.read, .write]),
      !stack.permissions.contains(.shared)
    else { return false }
    if stack.path == "[stack]" { return registers.rsp > needed }
    guard stack.file == nil, stack.path.isEmpty || stack.path.hasPrefix("[anon:"),
      registers.rsp - stack.range.lowerBound.value >= needed
    else { return false }
    let below = map.mappings.last { $0.range.upperBound <= stack.range.lowerBound }
    if let below, below.range.upperBound == stack.range.lowerBound {
      return below.permissions.isDisjoint(with: [.read, .write, .execute])
    }
    // Nothing is mapped below: a bound as well, if the thread's own control block, which the C library puts at the upper
    // end of the stack that it makes, shows that this is one.
    return stack.range.contains(RemoteAddress(registers.fsBase)) && registers.fsBase > registers.rsp
  }
}
