internal import Patch

/// The stacks of threads that have ended, which glibc keeps for those that it starts later: what their calls left there leads
/// nowhere.
///
/// A thread's control block lies on top of its stack and begins with two pointers to itself; the thread's number in it the
/// kernel sets to zero when the thread has ended (set_tid_address(2)). Where in the block the number stands is not
/// promised by anybody, so a thread that lives must have its own there.
struct EndedThreads {
  /// `offsetof(struct pthread, tid)`, in all versions of glibc for x86-64 so far.
  private static let numberOffset: UInt64 = 0x2d0
  /// How far below the end of a stack its control block may begin.
  private static let reach: UInt64 = 8192

  private let isKnown: Bool
  private let anchors: [UInt64]

  init(among threads: [StoppedThread], of process: ProcessID, _ memory: borrowing RemoteMemory) {
    anchors = threads.flatMap { [$0.registers.rsp, $0.registers.fsBase] }
    var isKnown = false
    for thread in threads where thread.tid == process.value {
      // In a PID namespace the thread knows itself by another number.
      guard let inner = try? ThreadList.innermostNumber(of: process),
        let address = RemoteAddress(thread.registers.fsBase).advanced(by: Self.numberOffset),
        let found = try? memory.integer(Int32.self, at: address)
      else { continue }
      isKnown = found == inner
    }
    self.isKnown = isKnown
  }

  /// Whether a mapping is the stack of a thread that has ended, and nothing else.
  func own(_ mapping: Mapping, in map: MemoryMap, _ memory: borrowing RemoteMemory) -> Bool {
    let (start, end) = (mapping.range.lowerBound.value, mapping.range.upperBound.value)
    guard isKnown, mapping.file == nil, mapping.path.isEmpty, end - start > Self.reach,
      map.mappings.contains(where: { $0.range.upperBound == mapping.range.lowerBound && $0.permissions.isEmpty }),
      !anchors.contains(where: { mapping.range.contains(RemoteAddress($0)) }),
      let top = try? memory.read(Int(Self.reach), at: RemoteAddress(end - Self.reach))
    else { return false }
    for offset in stride(from: 0, to: top.count - Int(Self.numberOffset) - 4, by: 8) {
      let block = end - Self.reach + UInt64(offset)
      guard top.little(UInt64.self, at: offset) == block, top.little(UInt64.self, at: offset + 16) == block else {
        continue
      }
      // pthread_join(3) writes -1.
      return (top.little(Int32.self, at: offset + Int(Self.numberOffset)) ?? 1) <= 0
    }
    return false
  }
}
