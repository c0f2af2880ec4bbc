internal import Glibc
internal import Patch

/// Where no thread may be, and the scan for it, made before anything stops.
struct InUseQuestion {
  let uses: [SwitchPlan.Use]
  let overwritten: [SwitchPlan.Use]
  fileprivate let scan: StackScan

  /// - Parameters:
  ///   - uses: code that no frame may be in.
  ///   - overwritten: bytes that no thread may stand in or come back into.
  init(uses: [SwitchPlan.Use], overwritten: [SwitchPlan.Use]) {
    self.uses = uses
    self.overwritten = overwritten
    scan = StackScan(
      functions: uses.map(\.range),
      // A place is named with the byte before its first, which a thread may stand at.
      places: overwritten.map { RemoteAddress($0.range.lowerBound.value - 1)..<$0.range.upperBound })
  }
}

/// Says whether a thread is where a switch or an unload cannot have one.
struct InUseCheck: ~Copyable {
  private var stacks: StackCheck<LiveStackSource>
  private let source: LiveStackSource
  private let process: ProcessIdentity
  private let map: MemoryMap

  /// Reads the call-frame information and makes room, before anything stops.
  init(_ target: borrowing TransitionTarget, threads: Int) throws(SwitchRefusal) {
    process = target.identity
    map = target.map
    var copies: [RemoteAddress: RemoteAddress] = [:]
    var images: [(code: Range<RemoteAddress>, unwind: Range<RemoteAddress>)] = []
    for ledger in target.carried.ledgers {
      for instruction in ledger.functions.flatMap({ $0.gate?.instructions ?? [] }) {
        copies[instruction.moved] = instruction.original
      }
      if let unwind = ledger.unwind { images += ledger.textRanges.map { ($0, unwind) } }
    }
    stacks = StackCheck(
      tables: UnwindTables(of: target.map, memory: target.memory, images: images, copies: copies), threads: threads)
    do throws(ProcessUnreadable) { source = try LiveStackSource(target.identity.pid, map: target.map) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  /// Threads as they could stand, for rehearsing a stop while the process runs: who sleeps will stand on the very stack that
  /// it is on now, and what has been read of it is in the caches then.
  func imagined(_ threads: [Int32]) -> [StoppedThread] {
    threads.map { tid in
      var registers = ThreadRegisters()
      registers.rsp =
        ThreadStatus.stackPointer(tid, of: process.pid.value) ?? source.mainStackTop.map { $0 & ~4095 } ?? 0
      return StoppedThread(tid: tid, registers: registers)
    }
  }

  /// Refuses when a thread uses one of the codes or would come back into overwritten bytes.
  mutating func refuse(_ question: InUseQuestion, _ threads: [StoppedThread]) throws(SwitchRefusal) {
    guard !question.uses.isEmpty || !question.overwritten.isEmpty else { return }
    source.beginStop()
    let findings = stacks.check(question.scan, threads: threads, pid: process.pid.value, source: source)
    if let use = findings.uses.first, question.uses.indices.contains(use.function) {
      let what = question.uses[use.function]
      throw SwitchRefusal(
        patch: what.patch, symbol: what.symbol,
        .functionInUse(thread: use.tid, backtrace: use.backtrace.prefix(64).map { frame($0.instruction) }))
    }
    if let inside = findings.inside.first, question.overwritten.indices.contains(inside.place) {
      let what = question.overwritten[inside.place]
      throw SwitchRefusal(
        patch: what.patch.isEmpty ? nil : what.patch, symbol: what.symbol,
        .functionInUse(thread: inside.tid, backtrace: [frame(inside.value)]))
    }
  }

  /// Refuses when anything says that a thread might still come to an address in an image: a register, a word on the
  /// stack that it is on, a frame on any of its stacks.
  mutating func refuse(
    image: Range<RemoteAddress>, of ledger: Ledger, _ threads: [StoppedThread], _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) {
    let use = SwitchPlan.Use(range: image, patch: ledger.name, symbol: ledger.functions.first?.symbol ?? ledger.name)
    try refuse(InUseQuestion(uses: [use], overwritten: []), threads)
    let apart = ledger.unwindersOwn
    func leadsThere(_ word: UInt64) -> Bool {
      image.contains(RemoteAddress(word)) && !apart.contains { $0.contains(RemoteAddress(word)) }
    }
    for thread in threads {
      let registers = thread.registers.byDwarfNumber
      if let word = registers.first(where: leadsThere) {
        throw SwitchRefusal(
          patch: ledger.name, .functionInUse(thread: thread.tid, backtrace: [frame(RemoteAddress(word))]))
      }
      guard let stack = target.map.mapping(at: RemoteAddress(thread.registers.rsp)) else { continue }
      let start = (thread.registers.rsp &- 128) & ~7
      let end = min(stack.range.upperBound.value, start &+ (8 << 20))
      guard start < end, let bytes = try? target.memory.read(Int(end - start), at: RemoteAddress(start)) else {
        continue
      }
      for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
        guard let word = bytes.little(UInt64.self, at: offset), leadsThere(word) else { continue }
        throw SwitchRefusal(
          patch: ledger.name, .functionInUse(thread: thread.tid, backtrace: [frame(RemoteAddress(word))]))
      }
    }
  }

  /// An address as people know it.
  private func frame(_ address: RemoteAddress) -> TransitionRefused.Frame {
    guard let mapping = map.mapping(at: address), let name = mapping.path.split(separator: "/").last else {
      return TransitionRefused.Frame(address: address, text: "\(address)")
    }
    let first = map.mappings.first { $0.file == mapping.file && $0.path == mapping.path } ?? mapping
    let offset = address.value - first.range.lowerBound.value
    return TransitionRefused.Frame(address: address, text: "\(name)+0x\(String(offset, radix: 16))")
  }
}
