internal import Patch

/// Asks for the handlers of a process's signals, which the kernel tells the process alone: a stopped thread asks for us.
enum HandlerCheck {
  // rt_sigaction(2), and the kernel's `struct sigaction`: handler, flags, restorer, mask.
  private static let number = 13
  private static let size = 32
  private static let restorerOffset = 16

  /// Refuses when the kernel would call a handler in an image, or return from one through it.
  static func refuse(
    _ ledger: Ledger, _ image: Range<RemoteAddress>, _ target: borrowing TransitionTarget,
    _ stopped: inout StoppedProcess, before end: ContinuousClock.Instant
  ) throws(SwitchRefusal) {
    let process = target.identity.pid
    let field = ThreadStatus.field("SigCgt", of: "/proc/\(process)")
    let caught = field.flatMap { UInt64($0, radix: 16) } ?? .max
    let signals = (1...64).filter { caught & 1 << UInt64($0 - 1) != 0 }
    guard !signals.isEmpty else { return }
    var actions: [[UInt8]] = []
    do throws(TraceRefused) {
      let thread = try stopped.usableThread(for: [RemoteSystemCall(number)], at: target.sites, frame: target.frame)
      actions = try stopped.withRemoteCalls(in: thread, at: target.sites, frame: target.frame, before: end) {
        (call: inout RemoteCall) throws(TraceRefused) -> [[UInt8]] in
        try ask(signals, of: process, by: &call)
      }
    } catch { throw SwitchRefusal(patch: ledger.name, TransitionRefused.Reason(error)) }
    for (signal, action) in zip(signals, actions) {
      for offset in [0, restorerOffset] {
        let address = RemoteAddress(action.little(UInt64.self, at: offset) ?? 0)
        guard image.contains(address) else { continue }
        throw SwitchRefusal(patch: ledger.name, .stillReferenced(.handler(signal: Int32(signal), value: address)))
      }
    }
  }

  private static func ask(
    _ signals: [Int], of process: ProcessID, by call: inout RemoteCall
  ) throws(TraceRefused) -> [[UInt8]] {
    let memory: RemoteMemory
    do throws(ProcessUnreadable) { memory = try RemoteMemory(of: process) } catch { throw TraceRefused(error) }
    let place = try call.place([UInt8](repeating: 0, count: size))
    var actions: [[UInt8]] = []
    for signal in signals {
      let result = try call.perform(number, UInt64(signal), 0, place.value, 8)
      guard result == 0 else { throw .kernel(call: "rt_sigaction", errno: Int32(clamping: -result)) }
      do throws(MemoryAccessFailed) { actions.append(try memory.read(size, at: place)) } catch {
        throw .kernel(call: "/proc/\(process)/mem", errno: error.errno)
      }
    }
    return actions
  }
}
