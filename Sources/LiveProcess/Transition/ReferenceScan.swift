internal import Patch

/// Whether anything in a process's memory still leads into a patch's image: a suspended coroutine's stack, a callback in the
/// heap, a function for the exit.
///
/// All memory that holds anything is looked through while the process runs, since it may be large. What is found is looked
/// at again in the stop: only there is it known which part of a stack is dead. docs/design.md, "Unload", says why this is
/// enough.
struct ReferenceScan: ~Copyable {
  private let image: Range<RemoteAddress>
  private let patch: String
  private let process: ProcessID
  /// What a second look in the stop may take.
  private let share: Duration
  private let pages: PopulatedPages
  private var search: PointerSearch
  private var candidates: [PointerSearch.Hit] = []
  private var looksInStop = false
  /// Whether the image holds anything that a word could lead to: a patch of values is its ledger and nothing else.
  let isNeeded: Bool
  private let handlesExceptions: Bool

  /// Prepares.
  ///
  /// `maxStop`: the longest stop, of which a second look may take a tenth.
  init(
    for ledger: Ledger, in image: Range<RemoteAddress>, _ target: borrowing TransitionTarget, maxStop: Duration
  ) throws(SwitchRefusal) {
    self.image = image
    patch = ledger.name
    process = target.identity.pid
    share = maxStop / 10
    isNeeded = !ledger.functions.isEmpty
    handlesExceptions = ledger.registration != nil
    do throws(ProcessUnreadable) { pages = try PopulatedPages(of: process) } catch {
      // A kernel without it, or a process that has ended: the caller tells.
      throw SwitchRefusal(patch: ledger.name, .unsupported("no /proc/\(process)/pagemap can be read"))
    }
    search = PointerSearch(
      into: image, besides: ledger.unwindersOwn, of: process, guardWord: PointerGuard.read(process, target.memory))
  }

  // MARK: While it runs

  /// Looks through everything, twice where a look in the stop would take too long.
  mutating func lookWhileRunning(_ target: borrowing TransitionTarget) throws(SwitchRefusal) {
    guard isNeeded else { return }
    let begun = ContinuousClock.now
    try look(target, target.map, before: nil)
    // Half as much again: what is in the caches now may not be then.
    looksInStop = begun.duration(to: .now) * 3 / 2 < share
    if !looksInStop && candidates.isEmpty { try look(target, try readMap(), before: nil) }
  }

  private mutating func look(
    _ target: borrowing TransitionTarget, _ map: MemoryMap, before end: ContinuousClock.Instant?
  ) throws(SwitchRefusal) {
    search.clear()
    for mapping in map.mappings where isLookedThrough(mapping) {
      let stretches: [Range<UInt64>]
      do throws(SystemCallFailed) { stretches = try pages.stretches(of: mapping) } catch {
        throw SwitchRefusal(target.isSameProgram ? .kernel(call: error.call, errno: error.errno) : .gone)
      }
      guard search.search(stretches, target.memory, before: end) else {
        throw SwitchRefusal(patch: patch, .stopTooLong(limit: share * 10))
      }
    }
    candidates = search.hits
  }

  /// Not the image itself, nor what is ours and never runs: the word, ledgers, the other patches' code.
  private func isLookedThrough(_ mapping: Mapping) -> Bool {
    guard !image.overlaps(mapping.range), mapping.path != "[vsyscall]", !mapping.path.hasPrefix("[vvar") else {
      return false
    }
    guard let name = mapping.memoryFileName, name.hasPrefix(CarriedPatches.prefix) else { return true }
    return name != StateWord.name && mapping.permissions.contains(.write)
  }

  private func readMap() throws(SwitchRefusal) -> MemoryMap {
    do throws(ProcessUnreadable) { return try MemoryMap.read(process) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
  }

  // MARK: In the stop

  /// Refuses when a word that was found still leads into the image, and is not in the dead part of a thread's stack.
  mutating func refuseReferences(
    _ threads: [StoppedThread], _ target: borrowing TransitionTarget, before end: ContinuousClock.Instant
  ) throws(SwitchRefusal) {
    guard isNeeded else { return }
    guard looksInStop || !candidates.isEmpty else { return }
    let map = try readMap()
    if looksInStop { try look(target, map, before: end) }
    let dead = DeadStacks(of: threads, pid: process, in: map)
    let ended = EndedThreads(among: threads, of: process, target.memory)
    var judged: (mapping: Mapping, isEnded: Bool)?
    for candidate in candidates where !dead.contains(candidate.address) {
      guard ContinuousClock.now < end else { throw SwitchRefusal(patch: patch, .stopTooLong(limit: share * 10)) }
      // What cannot be read any more leads nowhere.
      guard let word = try? target.memory.integer(UInt64.self, at: RemoteAddress(candidate.address)),
        let found = search.target(of: word)
      else { continue }
      let (at, value) = (RemoteAddress(candidate.address), RemoteAddress(found.value))
      guard !handlesExceptions || !ExceptionObject.keeps(at, target.memory) else { continue }
      if let mapping = map.mapping(at: at), judged?.mapping != mapping {
        judged = (mapping, ended.own(mapping, in: map, target.memory))
      }
      guard judged?.isEnded != true else { continue }
      let path = judged?.mapping.path ?? ""
      let name = path.isEmpty ? "anonymous memory" : path
      throw SwitchRefusal(
        patch: patch,
        .stillReferenced(
          found.isMangled
            ? .mangled(at: at, mapping: name, value: value) : .word(at: at, mapping: name, value: value)))
    }
  }
}
