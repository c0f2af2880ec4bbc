internal import CTrace
package import Patch

/// A stopped thread that makes system calls for us; left alone at any instant it returns by itself to what it was doing.
///
/// A signal frame below the stack holds all that the thread is. Then, by one request, its registers are set so that it
/// stands in front of `syscall; ret` with the frame on top of its stack: the call is made, `ret` goes to the restorer, and
/// rt_sigreturn brings everything back. Only then are all signals blocked, so that no handler sees, leaves or moves this
/// state; the frame brings the mask back too. With the tool alive, the thread is held at the call's exit and set back by us,
/// the mask first. So at every instant either nothing has changed or the thread finds its way alone. A signal that comes
/// while it is blocked stays pending and is delivered afterwards.
package struct RemoteCall: ~Copyable {
  package let tid: Int32
  private let traced: TracedThreads
  private let sites: RemoteCallSites
  private let deadline: ContinuousClock.Instant
  /// What the thread is set back to; its rip differs from where it stood when it was in a restartable sequence.
  private let original: ThreadRegisters
  private let mask: UInt64
  private let frame: UInt64
  private var hasBegun = false

  init(
    in tid: Int32, of traced: TracedThreads, at sites: RemoteCallSites, frame place: SignalFramePlace,
    deadline: ContinuousClock.Instant
  ) throws(TraceRefused) {
    let entry = try traced.entry(tid)
    guard entry.state == .stopped else { throw .threadEnded(tid) }
    // By the thread's number: that of a leader that has ended before the others has no memory.
    let memory: RemoteMemory
    do throws(ProcessUnreadable) {
      memory = try RemoteMemory(of: ProcessID(tid), forWriting: true)
    } catch {
      throw TraceRefused(error)
    }
    var registers = entry.registers
    if let abort = try RestartableSequence.abortAddress(of: tid, at: registers.rip, memory: memory) {
      registers.rip = abort
    }
    var mask: UInt64 = 0
    // SAFETY: the wrapper writes one word.
    let error = unsafe trace_get_signal_mask(tid, &mask)
    guard error == 0 else { throw traced.failure(error, "ptrace(PTRACE_GETSIGMASK)", of: tid) }
    let extended = try ExtendedState(of: tid)

    let needed = X86_64ReturnFrame.reach(extendedSize: extended.bytes.count)
    let top: UInt64
    switch place {
    case .ownStack:
      guard StackRoom.holds(needed, below: registers, of: tid) else {
        throw .noUsableThread([
          ThreadUnusable(tid: tid, reason: .noRoom(stackPointer: registers.rsp, needed: needed))
        ])
      }
      top = registers.rsp
    case .scratch(let range):
      guard range.upperBound.value - range.lowerBound.value >= needed else {
        throw .noUsableThread([
          ThreadUnusable(tid: tid, reason: .noRoom(stackPointer: range.upperBound.value, needed: needed))
        ])
      }
      top = range.upperBound.value
    }
    guard
      let frame = X86_64ReturnFrame(
        below: top, registers: InterruptedCall.resumable(registers), mask: mask, extended: extended,
        restorer: sites.restorer)
    else { throw .noUsableThread([ThreadUnusable(tid: tid, reason: .noRoom(stackPointer: top, needed: needed))]) }
    do throws(MemoryAccessFailed) {
      try memory.write(frame.bytes, at: RemoteAddress(frame.start))
    } catch {
      throw .noUsableThread([ThreadUnusable(tid: tid, reason: .noRoom(stackPointer: top, needed: needed))])
    }

    self.tid = tid
    self.traced = traced
    self.sites = sites
    self.deadline = deadline
    self.original = registers
    self.mask = mask
    self.frame = frame.start
  }

  /// Makes one system call; the kernel's raw result, a negative errno value included.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func perform(_ number: Int, _ arguments: UInt64...) throws(TraceRefused) -> Int64 {
    precondition(arguments.count <= 6)
    let a = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
    var registers = original
    registers.rip = sites.call.value
    registers.rsp = frame
    registers.rax = UInt64(number)
    // Not in a system call: the kernel must not take rax for the result of one that it has to begin again.
    registers.originalRax = .max
    (registers.rdi, registers.rsi, registers.rdx) = (a[0], a[1], a[2])
    (registers.r10, registers.r8, registers.r9) = (a[3], a[4], a[5])
    registers.eflags &= ~0x100  // the trap flag: a program that single-steps itself
    while true {
      try begin(registers)
      for _ in ["entry", "exit"] {
        let hasArrived = try traced.runToCall(tid, before: deadline)
        guard hasArrived else { throw .kernel(call: "remote system call \(number)", errno: 14) }  // EFAULT
      }
      let result = Int64(bitPattern: try traced.readRegisters(of: tid).rax)
      // Broken off by a group stop: it has done nothing, and the kernel would begin it again.
      if !(-516 ... -512).contains(result) { return result }
    }
  }

  /// Lets the thread run a routine of a patch, which gets one argument and returns through the signal frame.
  ///
  /// Whatever calls the routine makes itself are let pass. Past the deadline the thread is left to end the routine alone.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  mutating func run(_ routine: RemoteAddress, _ argument: UInt64) throws(TraceRefused) {
    var registers = original
    registers.rip = routine.value
    registers.rsp = frame
    registers.rdi = argument
    registers.originalRax = .max
    registers.eflags &= ~0x500  // the trap flag, and the direction flag, which is clear at a function's entry (psABI)
    try begin(registers)
    var returns = false
    // To the end of rt_sigreturn: from there on the thread is its old self, with us or without.
    while true {
      let hasArrived = try traced.runToCall(tid, before: deadline)
      guard hasArrived else { throw .kernel(call: "a patch's routine", errno: 14) }  // EFAULT
      if returns { return }
      let now = try traced.readRegisters(of: tid)
      returns = now.originalRax == UInt64(ThreadUsability.returnFromSignal) && now.rsp == frame + 8
    }
  }

  /// Sends the thread somewhere; only then are its signals blocked.
  private mutating func begin(_ registers: ThreadRegisters) throws(TraceRefused) {
    try traced.setRegisters(registers, of: tid)
    guard !hasBegun else { return }
    hasBegun = true
    let error = trace_set_signal_mask(tid, .max)
    guard error == 0 else { throw traced.failure(error, "ptrace(PTRACE_SETSIGMASK)", of: tid) }
  }

  /// Puts some bytes where a call can be given their address, such as a name.
  ///
  /// They lie in the part of the signal frame that rt_sigreturn does not read (its siginfo), so they need no memory of
  /// their own; each use overwrites the one before.
  package func place(_ bytes: [UInt8]) throws(TraceRefused) -> RemoteAddress {
    // 7 is E2BIG.
    guard bytes.count <= X86_64ReturnFrame.room.count else { throw .kernel(call: "remote call's argument", errno: 7) }
    let address = RemoteAddress(frame + UInt64(X86_64ReturnFrame.room.lowerBound))
    let memory: RemoteMemory
    do throws(ProcessUnreadable) {
      memory = try RemoteMemory(of: traced.identity.pid, forWriting: true)
    } catch { throw TraceRefused(error) }
    do throws(MemoryAccessFailed) { try memory.write(bytes, at: address) } catch {
      throw .kernel(call: "/proc/\(traced.identity.pid)/mem", errno: error.errno)
    }
    return address
  }

  /// Writes some bytes where the process itself may not, through the thread that stands.
  package func write(_ bytes: [UInt8], at address: RemoteAddress) throws(TraceRefused) {
    do throws(MemoryAccessFailed) {
      try CodeWriter(through: tid, by: .words).poke(bytes, at: address, of: traced.identity.pid)
    } catch { throw traced.failure(error.errno, "ptrace(PTRACE_POKEDATA)", of: tid) }
  }

  /// Sets the thread back to where it stood; nothing when no call has been made.
  mutating func finish() throws(TraceRefused) {
    let state = try traced.entry(tid).state
    guard hasBegun, state == .inCall || state == .stopped else { return }
    hasBegun = false
    let error = trace_set_signal_mask(tid, mask)
    guard error == 0 else { throw traced.failure(error, "ptrace(PTRACE_SETSIGMASK)", of: tid) }
    try traced.setRegisters(original, of: tid)
    try traced.returnToStop(tid, before: deadline)
  }
}
