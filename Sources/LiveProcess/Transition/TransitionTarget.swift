internal import Patch

/// A process as a transition works on it: its memory opened once, so that an exec in between ends every access instead
/// of reaching another program.
struct TransitionTarget: ~Copyable {
  let identity: ProcessIdentity
  let memory: RemoteMemory
  let sites: RemoteCallSites
  /// The mappings as they were last read.
  private(set) var map: MemoryMap
  /// What it carries, as it was last read.
  private(set) var carried: CarriedPatches
  /// How its code is written in a stop: the memory file, until the kernel refuses.
  private(set) var route = CodeWriter.Route.memoryFile

  init(_ identity: ProcessIdentity) throws(SwitchRefusal) {
    let memory = try TransitionTarget.open(identity)
    let map = try TransitionTarget.map(identity.pid)
    let carried = try TransitionTarget.carried(identity.pid, map, memory)
    let sites: RemoteCallSites
    do throws(TraceRefused) { sites = try RemoteCallSites.find(in: map, memory: memory) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
    self.init(identity: identity, memory: memory, sites: sites, map: map, carried: carried)
  }

  private init(
    identity: ProcessIdentity, memory: consuming RemoteMemory, sites: RemoteCallSites, map: MemoryMap,
    carried: CarriedPatches
  ) {
    self.identity = identity
    self.memory = memory
    self.sites = sites
    self.map = map
    self.carried = carried
  }

  private static func open(_ identity: ProcessIdentity) throws(SwitchRefusal) -> RemoteMemory {
    do throws(ProcessUnreadable) {
      let memory = try RemoteMemory(of: identity.pid, forWriting: true)
      // The number may have been given to another process before its memory was opened, not after.
      guard try ProcessStat.read(identity.pid).startTime == identity.startTime else { throw .gone }
      return memory
    } catch { throw SwitchRefusal(TransitionRefused.Reason(error)) }
  }

  private static func map(_ process: ProcessID) throws(SwitchRefusal) -> MemoryMap {
    do throws(ProcessUnreadable) { return try MemoryMap.read(process) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  private static func carried(
    _ process: ProcessID, _ map: MemoryMap, _ memory: borrowing RemoteMemory
  ) throws(SwitchRefusal) -> CarriedPatches {
    do throws(PatchesUnreadable) { return try CarriedPatches.read(process, map: map, memory: memory) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  /// Whether it still runs the program that was looked at: after an exec, what is known of it is of another program.
  var isSameProgram: Bool { memory.isAlive(known: sites.call) }

  /// Reads mappings, ledgers and word again.
  mutating func look() throws(SwitchRefusal) {
    map = try TransitionTarget.map(identity.pid)
    // The mappings are those of whatever runs now; the memory is that of the program that was looked at first.
    guard isSameProgram else { throw SwitchRefusal(.gone) }
    carried = try TransitionTarget.carried(identity.pid, map, memory)
  }

  /// Reads what a switch is computed from.
  func image(of ranges: [Range<RemoteAddress>]) throws(SwitchRefusal) -> MemoryImage {
    var spans: [MemoryImage.Span] = []
    spans.reserveCapacity(ranges.count)
    for range in ranges {
      spans.append(MemoryImage.Span(start: range.lowerBound, bytes: try read(range.count, at: range.lowerBound)))
    }
    return MemoryImage(spans)
  }

  func read(_ count: Int, at address: RemoteAddress) throws(SwitchRefusal) -> [UInt8] {
    do throws(MemoryAccessFailed) { return try memory.read(count, at: address) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  /// Reads one little-endian word.
  func word(at address: RemoteAddress) throws(SwitchRefusal) -> UInt64 {
    do throws(MemoryAccessFailed) { return try memory.integer(at: address) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  /// How far a patch's call-frame information is known to the program's unwinder.
  func state(of registration: LinkedRegistration) throws(SwitchRefusal) -> UnwindRegistration.State {
    let address = registration.state.lowerBound
    let word = UInt32(truncatingIfNeeded: try word(at: address))
    guard let state = UnwindRegistration.State(rawValue: word) else {
      throw SwitchRefusal(.damagedLedger(field: "registration.state", at: address))
    }
    return state
  }

  /// Whether memory is still what it was.
  func holds(_ comparison: MemoryComparison) throws(SwitchRefusal) -> Bool {
    do throws(MemoryAccessFailed) { return try comparison.holds(memory) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  /// Writes where the process itself may write.
  func write(_ bytes: [UInt8], at address: RemoteAddress) throws(SwitchRefusal) {
    do throws(MemoryAccessFailed) { try memory.write(bytes, at: address) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  /// Writes anywhere, while the writer's thread stands; a refusal of the memory file is kept in mind for the next attempt.
  mutating func write(
    _ bytes: [UInt8], at address: RemoteAddress, by writer: CodeWriter
  ) throws(SwitchRefusal) {
    do throws(MemoryAccessFailed) { try writer.write(bytes, at: address, in: memory) } catch {
      if error.isWriteForbidden { route = .words }
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  /// The scratch place for a remote call's signal frame; below the thread's own stack as long as there is no page of ours.
  var frame: SignalFramePlace {
    guard let state = carried.state else { return .ownStack }
    let start = state.range.lowerBound.value
    return .scratch(
      RemoteAddress(start + StateWord.frame.lowerBound)..<RemoteAddress(start + StateWord.frame.upperBound))
  }

  /// Whether a thread still returns through a signal frame of ours: a killed run's call that has not ended.
  func isInOurFrame(_ registers: ThreadRegisters) -> Bool {
    carried.state?.range.contains(RemoteAddress(registers.rsp)) ?? false
  }
}
