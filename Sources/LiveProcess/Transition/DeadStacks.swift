internal import Patch

/// The parts of threads' stacks that lie below their stack pointers: what calls that have returned left there.
///
/// Only where it is certain that the whole mapping is one thread's stack: the kernel's own `[stack]`, or one that the thread's
/// control block lies on top of, that a guard lies below, and that no other thread has anything in. Elsewhere every word
/// counts.
struct DeadStacks {
  private var ranges: [Range<UInt64>] = []
  private static let redZone: UInt64 = 128

  init(of threads: [StoppedThread], pid: ProcessID, in map: MemoryMap) {
    for thread in threads {
      let pointer = thread.registers.rsp
      guard let index = map.mappings.firstIndex(where: { $0.range.contains(RemoteAddress(pointer)) }) else { continue }
      let mapping = map.mappings[index]
      let isOwn: Bool
      if mapping.path == "[stack]" {
        isOwn = thread.tid == pid.value
      } else {
        let below = index > 0 ? map.mappings[index - 1] : nil
        let hasGuard = below.map { $0.range.upperBound == mapping.range.lowerBound && $0.permissions.isEmpty } ?? false
        isOwn =
          mapping.file == nil && hasGuard && thread.registers.fsBase > pointer
          && mapping.range.contains(RemoteAddress(thread.registers.fsBase))
      }
      let isShared = threads.contains { other in
        other.tid != thread.tid
          && [other.registers.rsp, other.registers.fsBase].contains { mapping.range.contains(RemoteAddress($0)) }
      }
      let start = mapping.range.lowerBound.value
      guard isOwn, !isShared, pointer - start > Self.redZone else { continue }
      ranges.append(start..<pointer - Self.redZone)
    }
  }

  func contains(_ address: UInt64) -> Bool { ranges.contains { $0.contains(address) } }
}
