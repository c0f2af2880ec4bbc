internal import CTrace
internal import Glibc

/// The threads of one process that the calling thread traces; whatever happens to this value, they run on.
///
/// The order of the kernel's requests is chosen so that the tracer may be killed between any two of them:
/// - A report is looked at (`WNOWAIT`) before it is taken. Taking the report of a signal that is about to be delivered clears
///   the signal, and it would be lost with the tracer; so such a thread is continued with its signal without taking the report.
/// - Any trap clears a pending interrupt, so a thread that trapped for another reason is interrupted again before it goes on.
/// A class, so that a remote call can hold it while the stopped process does; neither ever leaves the tracing thread.
final class TracedThreads {
  struct Entry {
    let tid: Int32
    var state: State
    /// As read when it stopped, or last written.
    var registers = ThreadRegisters()
  }

  enum State {
    /// It runs, or sleeps in the kernel.
    case running
    /// It stands in a PTRACE_EVENT_STOP on its way back to user mode.
    case stopped
    /// It stands at the entry or the exit of a system call that we made it do.
    case inCall
    case ended
  }

  /// What a report turned out to be.
  enum Event: Equatable {
    case stopped, call, ended, fault(signal: Int32), resumed
    /// The process started another program.
    case replaced
    /// A thread that is not of this process; it has been let go.
    case foreign
  }

  let identity: ProcessIdentity
  private(set) var entries: [Entry] = []
  private var positions: [Int32: Int] = [:]
  /// Threads that had ended before they could be seized.
  private var ended: Set<Int32> = []
  private let wakeup: WakeupTimer
  private let threadDirectory: ThreadDirectory
  private var replaced = false

  var pid: Int32 { identity.pid.value }

  /// A new thread attaches itself, an exec is reported, and a stop at a system call is told from a SIGTRAP.
  private static let options = UInt64(1 << 3 | 1 << 4 | 1)

  init(of identity: ProcessIdentity) throws(TraceRefused) {
    self.identity = identity
    wakeup = try WakeupTimer()
    threadDirectory = try ThreadDirectory(of: identity.pid.value)
  }

  deinit { detachAll() }

  // MARK: Seizing

  /// Seizes one thread; false when it has ended.
  func seize(_ tid: Int32) throws(TraceRefused) -> Bool {
    switch trace_seize(tid, Self.options) {
    case 0:
      add(tid, .running)
      return true
    case ESRCH:
      return false
    case EPERM:
      guard let state = ThreadStatus.state(tid, of: pid), state != "Z", state != "X" else { return false }
      guard let refusal = OtherTracer.refusal(tid: tid, pid: pid) else {
        // Started by a thread that we had seized already: it has attached itself to us.
        add(tid, .running)
        return true
      }
      throw refusal
    case let error:
      throw .kernel(call: "ptrace(PTRACE_SEIZE)", errno: error)
    }
  }

  /// Seizes threads until a look finds none new; the started ones attach themselves to who started them.
  func seizeAll() throws(TraceRefused) {
    var found = true
    while found {
      found = false
      guard let threads = ThreadStatus.threads(of: pid) else { throw .gone }
      for tid in threads where positions[tid] == nil {
        // One that has ended meanwhile may have started another one before.
        if try seize(tid) || ended.insert(tid).inserted { found = true }
      }
    }
    try checkIdentity()
  }

  /// Its number may have been given to another process before the seize.
  func checkIdentity() throws(TraceRefused) {
    guard let start = ThreadStatus.startTime(pid) else { throw .gone }
    guard start == identity.startTime else { throw .replaced }
    guard entries.contains(where: { $0.state != .ended }) else { throw .gone }
  }

  private func add(_ tid: Int32, _ state: State) {
    positions[tid] = entries.count
    entries.append(Entry(tid: tid, state: state))
  }

  // MARK: Stopping

  /// Interrupts all threads and waits until each stands.
  func stopAll(before deadline: ContinuousClock.Instant, isWhole: Bool) throws(TraceRefused) {
    for entry in entries where entry.state == .running { _ = trace_interrupt(entry.tid) }
    var complete = false
    while !complete {
      try waitForAll(before: deadline)
      complete = isWhole ? try seizeLate() : true
    }
    if replaced { throw .replaced }
    guard entries.contains(where: { $0.state == .stopped }) else { throw .gone }
  }

  /// Whether the process has no thread that we do not have; one that was missed is seized and interrupted.
  private func seizeLate() throws(TraceRefused) -> Bool {
    let known = entries.count { $0.state != .ended }
    guard let count = threadDirectory.count else { throw .gone }
    if count == known { return true }
    var complete = true
    // A listing can skip a thread when another one ends between two reads.
    for _ in 0..<2 {
      guard let threads = ThreadStatus.threads(of: pid) else { throw .gone }
      for tid in threads where positions[tid] == nil {
        if try seize(tid) {
          _ = trace_interrupt(tid)
        } else if !ended.insert(tid).inserted {
          // A leader that has ended before the others is listed as long as they live, and cannot be seized.
          continue
        }
        // One that has ended meanwhile may have started another one before.
        complete = false
      }
    }
    return complete
  }

  /// Waits for each thread by its number.
  ///
  /// Who waits for any is woken by each, and each time the kernel looks through all of them.
  private func waitForAll(before deadline: ContinuousClock.Instant) throws(TraceRefused) {
    // One that runs on another CPU stands in less time than it takes to sleep and to be woken.
    if entries.count == 1 {
      let end = ContinuousClock.now + .microseconds(20)
      while entries[0].state == .running && ContinuousClock.now < end {
        try wait(for: 0, before: deadline, sleeping: false)
      }
    }
    guard entries.contains(where: { $0.state == .running }) else { return }
    wakeup.start(every: 500_000)
    defer { wakeup.stop() }
    while let first = entries.firstIndex(where: { $0.state == .running }) {
      var position = first
      while position < entries.count {
        if entries[position].state == .running {
          try wait(for: position, before: deadline, sleeping: true)
        } else {
          position += 1
        }
      }
    }
  }

  /// Deals with the next report of one thread, or looks at the clock.
  private func wait(
    for position: Int, before deadline: ContinuousClock.Instant, sleeping: Bool
  ) throws(TraceRefused) {
    let tid = entries[position].tid
    var report = trace_report()
    // SAFETY: the wrapper writes one struct.
    switch unsafe trace_look(tid, sleeping ? 1 : 0, &report) {
    case 0 where report.tid == 0:
      break
    case 0:
      _ = absorb(report)
    case ECHILD:
      entries[position].state = .ended
    case EINTR:
      // A leader that has ended before the other threads reports nothing as long as they live.
      guard let state = ThreadStatus.state(tid, of: pid), state != "Z", state != "X" else {
        entries[position].state = .ended
        return
      }
      guard ContinuousClock.now < deadline else { throw .stopTooLong(thread: tid, state: state) }
    case let error:
      throw .kernel(call: "waitid", errno: error)
    }
  }

  /// Deals with one report that has been looked at.
  private func absorb(_ report: trace_report) -> Event {
    let tid = report.tid
    if positions[tid] == nil {
      // A thread that attached itself, or a process made by clone(2) with CLONE_VM: that one is none of ours.
      guard ThreadStatus.state(tid, of: pid) != nil else {
        _ = trace_take(tid)
        _ = trace_detach(tid, 0)
        return .foreign
      }
      add(tid, .running)
    }
    guard let position = positions[tid] else { return .foreign }
    guard report.code == CLD_TRAPPED || report.code == CLD_STOPPED else {
      guard tid != pid else {
        // The leader's end is reported last. It is left to be reported to its parent, which may be this very process.
        for index in entries.indices { entries[index].state = .ended }
        return .ended
      }
      _ = trace_take(tid)
      entries[position].state = .ended
      return .ended
    }
    let signal = Int32(report.status & 0xff)
    switch report.status >> 8 {
    case 128:  // PTRACE_EVENT_STOP: our interrupt, a group stop, or the birth of a thread
      // Not taken: that is a call for each thread, and the report goes by itself when the thread does.
      return settle(position)
    case 0 where signal == SIGTRAP | 0x80:
      _ = trace_take(tid)
      entries[position].state = .inCall
      return .call
    case 0:
      // About to receive a signal: it gets it, and stops with the handler's frame set up.
      _ = trace_interrupt(tid)
      _ = trace_continue(tid, signal)
      return .resumed
    case 4:  // PTRACE_EVENT_EXEC
      replaced = true
      _ = trace_interrupt(tid)
      _ = trace_continue(tid, 0)
      return .replaced
    default:  // PTRACE_EVENT_CLONE: the new thread reports itself
      var message: UInt64 = 0
      // SAFETY: the wrapper writes one word.
      if unsafe trace_event_message(tid, &message) == 0, let new = Int32(exactly: message), positions[new] == nil,
        ThreadStatus.state(new, of: pid) != nil
      {
        add(new, .running)
      }
      _ = trace_interrupt(tid)
      _ = trace_continue(tid, 0)
      return .resumed
    }
  }

  /// Reads a thread that has just come to stand, and makes the call that this stop broke off begin again.
  private func settle(_ position: Int) -> Event {
    var raw = trace_registers()
    // SAFETY: the wrapper writes one struct.
    // A thread that does not answer is killed: its end follows.
    guard unsafe trace_get_registers(entries[position].tid, &raw) == 0 else { return .resumed }
    var registers = ThreadRegisters(raw)
    if InterruptedCall.isEndedByStop(registers) {
      registers.rax = InterruptedCall.restartNoHandler
      var raw = registers.raw
      // SAFETY: the wrapper reads one struct.
      _ = unsafe trace_set_registers(entries[position].tid, &raw)
    }
    entries[position].registers = registers
    entries[position].state = .stopped
    return .stopped
  }

  // MARK: One thread

  func entry(_ tid: Int32) throws(TraceRefused) -> Entry {
    guard let position = positions[tid] else { throw .threadEnded(tid) }
    return entries[position]
  }

  func setRegisters(_ registers: ThreadRegisters, of tid: Int32) throws(TraceRefused) {
    guard let position = positions[tid] else { throw .threadEnded(tid) }
    var raw = registers.raw
    // SAFETY: the wrapper reads one struct.
    let error = unsafe trace_set_registers(tid, &raw)
    guard error == 0 else { throw failure(error, "ptrace(PTRACE_SETREGSET)", of: tid) }
    entries[position].registers = registers
  }

  func readRegisters(of tid: Int32) throws(TraceRefused) -> ThreadRegisters {
    var raw = trace_registers()
    // SAFETY: the wrapper writes one struct.
    let error = unsafe trace_get_registers(tid, &raw)
    guard error == 0 else { throw failure(error, "ptrace(PTRACE_GETREGSET)", of: tid) }
    return ThreadRegisters(raw)
  }

  /// What an errno value of a request to a standing thread means: ESRCH says that it is being killed.
  func failure(_ error: Int32, _ call: String, of tid: Int32) -> TraceRefused {
    guard error == ESRCH else { return .kernel(call: call, errno: error) }
    return ThreadStatus.startTime(pid) == nil || tid == pid ? .gone : .threadEnded(tid)
  }

  /// Lets a standing thread run to its next stop at a system call.
  ///
  /// - Returns: false when a signal of the kernel's own (SIGSEGV, SIGSYS …) came instead; it is not delivered.
  func runToCall(_ tid: Int32, before deadline: ContinuousClock.Instant) throws(TraceRefused) -> Bool {
    guard let position = positions[tid] else { throw .threadEnded(tid) }
    try resume(position, to: .call, signal: 0)
    wakeup.start(every: 5_000_000)
    defer { wakeup.stop() }
    while true {
      var report = trace_report()
      // SAFETY: the wrapper writes one struct.
      switch unsafe trace_look(tid, 1, &report) {
      case 0 where report.code == CLD_TRAPPED || report.code == CLD_STOPPED:
        let signal = Int32(report.status & 0xff)
        switch report.status >> 8 {
        case 0 where signal == SIGTRAP | 0x80:
          _ = trace_take(tid)
          entries[position].state = .inCall
          return true
        case 0 where [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS].contains(signal):
          _ = trace_take(tid)
          entries[position].state = .inCall
          return false
        case 0:
          try resume(position, to: .call, signal: signal)
        default:
          _ = trace_take(tid)
          try resume(position, to: .call, signal: 0)
        }
      case 0:
        _ = absorb(report)
        throw tid == pid ? .gone : .threadEnded(tid)
      case EINTR:
        // A leader that is killed reports nothing before all other threads have been reaped.
        guard let state = ThreadStatus.state(tid, of: pid), state != "Z", state != "X" else {
          throw tid == pid ? .gone : .threadEnded(tid)
        }
        guard ContinuousClock.now < deadline else { throw .stopTooLong(thread: tid, state: state) }
      case ECHILD:
        throw tid == pid ? .gone : .threadEnded(tid)
      case let error:
        throw .kernel(call: "waitid", errno: error)
      }
    }
  }

  private enum Until { case call, stop }

  private func resume(_ position: Int, to goal: Until, signal: Int32) throws(TraceRefused) {
    let tid = entries[position].tid
    let error = goal == .call ? trace_continue_to_call(tid, signal) : trace_continue(tid, signal)
    guard error == 0 else { throw failure(error, "ptrace(PTRACE_SYSCALL)", of: tid) }
    entries[position].state = .running
  }

  /// Takes a thread from a stop at a system call to a stop on the way back to user mode, where a broken-off call begins again.
  func returnToStop(_ tid: Int32, before deadline: ContinuousClock.Instant) throws(TraceRefused) {
    guard let position = positions[tid], entries[position].state == .inCall else { return }
    _ = trace_interrupt(tid)
    try resume(position, to: .stop, signal: 0)
    try waitForAll(before: deadline)
    guard entries[position].state == .stopped else { throw tid == pid ? .gone : .threadEnded(tid) }
  }

  // MARK: Letting go

  /// Detaches from all threads; those that run must stop first, for at most a tenth of a second.
  ///
  /// What does not stop (a thread in an uninterruptible call) the kernel detaches when the tracing thread ends.
  func release() {
    detachAll()
    entries = []
    positions = [:]
  }

  private func detachAll() {
    var running: Set<Int32> = []
    for entry in entries {
      switch entry.state {
      // ESRCH: it is being killed; its end is reaped below, or when this thread ends.
      case .stopped, .inCall: _ = trace_detach(entry.tid, 0)
      case .running: if trace_interrupt(entry.tid) == 0 { running.insert(entry.tid) }
      case .ended: break
      }
    }
    let deadline = ContinuousClock.now + .milliseconds(100)
    if !running.isEmpty { wakeup.start(every: 1_000_000) }
    defer { wakeup.stop() }
    while true {
      var report = trace_report()
      // SAFETY: the wrapper writes one struct.
      let error = unsafe trace_look(-1, running.isEmpty ? 0 : 1, &report)
      if error == 0 && report.tid == 0 || error == ECHILD || ContinuousClock.now > deadline { return }
      guard error == 0 else {
        running = running.filter { ThreadStatus.state($0, of: pid).map { $0 != "Z" && $0 != "X" } ?? false }
        continue
      }
      running.remove(report.tid)
      guard report.code == CLD_TRAPPED || report.code == CLD_STOPPED else {
        // The leader's end is its parent's to take, and no other follows it.
        if report.tid == pid { return }
        _ = trace_take(report.tid)
        continue
      }
      let signal = Int32(report.status & 0xff)
      let isDelivery = report.status >> 8 == 0 && signal != SIGTRAP | 0x80
      if !isDelivery { _ = trace_take(report.tid) }
      _ = trace_detach(report.tid, isDelivery ? signal : 0)
    }
  }
}
