internal import Patch

/// Whether a standing thread can make remote calls.
enum ThreadUsability {
  /// The system calls that a filter must allow besides the wanted ones.
  static let returnFromSignal = 15

  /// Why it cannot; nil when it can.
  static func obstacle(
    of thread: StoppedThread, pid: ProcessID, calls: [RemoteSystemCall], sites: RemoteCallSites,
    frame: SignalFramePlace, extendedSize: Int
  ) -> ThreadUnusable.Reason? {
    // __USER_CS of the kernel: 64-bit code. Wine switches segments, so it is the thread that counts, not the file.
    guard thread.registers.cs == 0x33 else { return .code32Bit }
    let path = "/proc/\(pid)/task/\(thread.tid)"
    if let features = ThreadStatus.field("x86_Thread_features", of: path), features.contains("shstk") {
      return .shadowStack
    }
    if let reason = seccomp(thread.tid, path: path, calls: calls, sites: sites) { return reason }
    let needed = X86_64ReturnFrame.reach(extendedSize: extendedSize)
    switch frame {
    case .scratch: return nil
    case .ownStack:
      return StackRoom.holds(needed, below: thread.registers, of: thread.tid)
        ? nil : .noRoom(stackPointer: thread.registers.rsp, needed: needed)
    }
  }

  private static func seccomp(
    _ tid: Int32, path: String, calls: [RemoteSystemCall], sites: RemoteCallSites
  ) -> ThreadUnusable.Reason? {
    switch ThreadStatus.field("Seccomp", of: path) {
    case "0", nil: return nil  // nil: a kernel without seccomp
    case "2": break
    default: return .seccompStrict
    }
    switch SeccompFilter.all(of: tid) {
    case .failure(let error): return .seccompUnreadable(errno: error.errno)
    case .success(let filters):
      // The kernel gives a filter the address behind the instruction.
      let inputs =
        calls.map {
          SeccompFilter.Input(
            number: $0.number, instructionPointer: sites.call.value &+ 2, arguments: $0.arguments)
        } + [SeccompFilter.Input(number: returnFromSignal, instructionPointer: nil, arguments: [])]
      let numbers = calls.map(\.number) + [returnFromSignal]
      for (number, input) in zip(numbers, inputs) where !filters.allSatisfy({ $0.allows(input) }) {
        return .seccomp(call: number)
      }
      return nil
    }
  }
}
