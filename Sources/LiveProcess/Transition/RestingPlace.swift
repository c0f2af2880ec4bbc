internal import Patch

/// Whether a standing thread is where it holds nothing that the unwinder's registration could wait for: the unwinder's own lock,
/// the C library's memory, the dynamic linker's state.
///
/// So is a thread that waits in the kernel for something from outside, and that no signal handler has brought there: what a handler
/// interrupts may be anything. (A thread that waits for a lock may hold another.) Who holds such a lock elsewhere runs on meanwhile
/// and gives it back.
struct RestingPlace {
  private var tables: UnwindTables
  private let source: LiveStackSource
  /// Code that holds such locks while it waits.
  private let forbidden: [Range<RemoteAddress>]

  /// What the routine and all that it calls may need below the thread's stack pointer, the signal frame included.
  private static let room: UInt64 = 48 << 10

  /// The system calls that the C library may make for them: futex, brk, mmap, munmap, mprotect, madvise.
  static let calls = [202, 12, 9, 11, 10, 28].map { RemoteSystemCall($0) }

  /// Calls that wait for something from outside (arch/x86/entry/syscalls/syscall_64.tbl).
  private static let waits: Set<UInt64> = [
    0, 45, 47,  // read, recvfrom, recvmsg
    7, 271, 23, 270, 232, 281, 441,  // poll, ppoll, select, pselect6, epoll_wait, epoll_pwait, epoll_pwait2
    35, 230,  // nanosleep, clock_nanosleep
    43, 288,  // accept, accept4
    61, 247,  // wait4, waitid
    128,  // rt_sigtimedwait
  ]
  private static let futex: UInt64 = 202
  /// A lock of the C library waits by FUTEX_WAIT; a condition, a semaphore and a thread's end by this one (futex(2)).
  private static let waitBitset: UInt64 = 9
  /// What the kernel marks a call with that a stop has broken off.
  private static let brokenOff: Set<UInt64> = Set([-512, -513, -514, -516].map { UInt64(bitPattern: $0) })

  /// What is said of a thread that does not wait so.
  static let isBusy = "does not wait for anything from outside"

  /// Whether the stop has broken off such a call.
  private static func isWaiting(_ registers: ThreadRegisters) -> Bool {
    guard brokenOff.contains(registers.rax) else { return false }
    return waits.contains(registers.originalRax)
      || registers.originalRax == futex && registers.rsi & 0x7f == waitBitset
  }

  /// Reads the call-frame information, before anything stops.
  init(_ target: borrowing TransitionTarget) throws(SwitchRefusal) {
    var images: [(code: Range<RemoteAddress>, unwind: Range<RemoteAddress>)] = []
    for ledger in target.carried.ledgers {
      if let unwind = ledger.unwind { images += ledger.textRanges.map { ($0, unwind) } }
    }
    tables = UnwindTables(of: target.map, memory: target.memory, images: images)
    do throws(ProcessUnreadable) { source = try LiveStackSource(target.identity.pid, map: target.map) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
    forbidden = target.map.mappings.filter { mapping in
      guard mapping.permissions.contains(.execute), mapping.file != nil else { return false }
      let name = mapping.path.split(separator: "/").last ?? ""
      return name.hasPrefix("ld-linux") || name.hasPrefix("libgcc_s.so")
    }.map(\.range)
  }

  /// Why a thread is at no such place; nil where it is.
  mutating func obstacle(of thread: StoppedThread) -> String? {
    let registers = thread.registers
    guard Self.isWaiting(registers) else { return Self.isBusy }
    guard StackRoom.holds(Self.room, below: registers, of: thread.tid) else { return "has little room on its stack" }
    source.beginStop()
    let walk = StackWalk(from: WalkRegisters(registers.byDwarfNumber), tables: &tables, memory: source)
    guard walk.end == .outermost else { return "has a stack that cannot be followed" }
    guard !walk.frames.dropFirst().contains(where: \.isInterrupted) else { return "is in a signal handler" }
    let stands = walk.frames.contains { frame in forbidden.contains { $0.contains(frame.lookup) } }
    return stands ? "is in the dynamic linker or the unwinder" : nil
  }
}

extension LiveStackSource: WalkMemory {}
