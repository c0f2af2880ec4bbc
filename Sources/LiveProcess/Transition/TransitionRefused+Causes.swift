internal import Patch

extension TransitionRefused.Reason {
  /// Whether trying again a little later may help.
  var isBusy: Bool {
    switch self {
    case .functionInUse, .anotherReconciler, .traced, .stopTooLong, .sharesMemory, .noUsableThread, .noRestingThread,
      .changedSincePlan:
      true
    default: false
    }
  }

  init(_ cause: ProcessUnreadable) {
    switch cause {
    case .gone: self = .gone
    case .denied(let errno, let path): self = .kernel(call: path, errno: errno)
    case .malformed(let path, let line): self = .unsupported("\(path), line \(line)")
    }
  }

  init(_ cause: PatchesUnreadable) {
    switch cause {
    case .process(let cause): self.init(cause)
    case .memory(let cause): self.init(cause)
    case .newerLedger(let version): self = .newerLedger(version: version)
    case .damagedLedger(let field, let at): self = .damagedLedger(field: field, at: at)
    }
  }

  /// An address space that has ended reads as nothing, with no errno value.
  init(_ cause: MemoryAccessFailed) {
    if cause.errno == 0 && cause.done == 0 {
      self = .gone
    } else {
      let call = cause.operation == .poke ? "ptrace(PTRACE_POKEDATA)" : "/proc/\(cause.process)/mem"
      self = .kernel(call: call, errno: cause.errno)
    }
  }

  init(_ cause: LinkRefused) {
    switch cause.reason {
    case .outOfReach, .branchOutOfReach: self = .outOfReach
    case .unresolvedImport: self = .unresolvedImport(symbol: cause.symbol, library: nil)
    default: self = .unsupported("\(cause.symbol): \(cause.reason)")
    }
  }
}

extension TransitionRefused.Reason {
  init(_ cause: TraceRefused) {
    switch cause {
    case .gone, .replaced: self = .gone
    case .threadEnded: self = .changedSincePlan
    case .anotherReconciler(let pid): self = .anotherReconciler(pid: pid)
    case .traced(let by, let name): self = .traced(by: by, name: name)
    case .stopTooLong: self = .stopTooLong(limit: .zero)
    case .sharesMemory(let with): self = .sharesMemory(with: with)
    case .noUsableThread(let threads):
      self = .noUsableThread(why: threads.map { "thread \($0.tid): \($0.reason)" }.joined(separator: "; "))
    case .unsupported(let what): self = .unsupported(what)
    case .kernel(let call, let errno): self = .kernel(call: call, errno: errno)
    }
  }
}
