internal import Patch

/// Finds out, in a stop, whether any thread is in code that is about to change.
///
/// First every word of every stack is compared with the ranges (signal frames and the stacks that they interrupted
/// included); only where that hits, an exact walk decides whether the word is a frame or a leftover. What the walk
/// cannot explain counts as in use.
///
/// A stack that no thread is on (a suspended coroutine's) is not among the stacks of threads: its frames finish the old code, and
/// an unload finds them by ``ReferenceScan``.
package struct StackCheck<Source: StackSource>: ~Copyable {
  /// The most that is read of one stack, in bytes: twice the default limit of a thread's stack.
  package static var stackLimit: UInt64 { 16 << 20 }
  /// The most uses that are reported in one check; one is enough to wait.
  package static var useLimit: Int { 16 }

  private var tables: UnwindTables
  private var copies: StackCopies

  /// Prepares for a process.
  ///
  /// `tables`: its call-frame information.
  /// `threads`: how many threads are expected; room for two pages of each one's stack, and some more, is made ready now.
  package init(tables: UnwindTables, threads: Int) {
    self.tables = tables
    copies = StackCopies(roomFor: 32_768 + max(0, min(threads, 8192)) * 1024)
  }

  /// Looks at all stacks of a stopped process.
  ///
  /// `scan`: the functions that no frame may be in, none under `immediate`, and the bytes that are about to change.
  /// `pid`: the process, whose first thread's stack is `[stack]`.
  package mutating func check(
    _ scan: StackScan, threads: [StoppedThread], pid: Int32, source: Source
  ) -> StackFindings {
    let suspects = look(scan, threads: threads, pid: pid, source: source)
    var findings = StackFindings()
    findings.scannedBytes = copies.used * 8
    for suspect in suspects {
      if findings.uses.count >= Self.useLimit { break }
      judge(suspect, thread: threads[suspect.thread], scan: scan, source: source, into: &findings)
    }
    return findings
  }

  /// A thread that may be in the code, and what says so.
  private struct Suspect {
    var thread: Int
    /// Words that may be instruction addresses, where they lie, and in which copy.
    var words: [SuspectWord]
    /// Its stacks' copies.
    var copies: [Int]
  }

  /// A word that may be the address of an instruction that a thread returns to.
  private struct SuspectWord {
    var value: UInt64
    var address: UInt64
    var copy: Int
    /// What it may be in: the function range or place that holds this address; nil where the word is not asked for.
    var functionLookup: UInt64?
    var placeLookup: UInt64?
  }

  // MARK: The quick look

  /// Reads and scans the stacks, and those that signal handlers interrupted; the threads to look at more closely.
  private mutating func look(
    _ scan: StackScan, threads: [StoppedThread], pid: Int32, source: Source
  ) -> [Suspect] {
    copies.clear()
    var words: [Int: [SuspectWord]] = [:]
    var wanted = threads.indices.map { index in
      // A thread without a readable stack stays with an empty, incomplete one.
      stretch(from: threads[index].registers.rsp, thread: index, source: source)
        ?? StackStretch(thread: index, range: 0..<0, isComplete: false)
    }
    var hits: [StackScan.Hit] = []
    var rounds = 0
    var addedOwnStacks = false
    while !wanted.isEmpty {
      rounds += 1
      let first = copies.copies.count
      copies.read(wanted, from: source)
      wanted.removeAll(keepingCapacity: true)
      for index in first..<copies.copies.count {
        let copy = copies.copies[index]
        hits.removeAll(keepingCapacity: true)
        scan.scan(copies.words.span, from: copy.first, to: copy.first + copy.count, into: &hits)
        for hit in hits {
          let thread = copy.stretch.thread
          switch hit {
          case .returnAddress(let word):
            let value = copies.words[word]
            words[thread, default: []].append(
              SuspectWord(
                value: value, address: copies.address(of: word, in: copy), copy: index, functionLookup: value &- 1))
          case .inside(let word):
            let value = copies.words[word]
            words[thread, default: []].append(
              SuspectWord(value: value, address: copies.address(of: word, in: copy), copy: index, placeLookup: value))
          case .signalFrame(let word):
            guard let frame = copies.interrupted(at: word, in: copy) else { continue }
            if scan.holds(instruction: frame.instruction) {
              words[thread, default: []].append(
                SuspectWord(
                  value: frame.instruction, address: frame.slot, copy: index, functionLookup: frame.instruction))
            }
            if rounds <= 16, let more = stretch(from: frame.stackPointer, thread: thread, source: source),
              !wanted.contains(where: { $0.thread == thread && $0.range.overlaps(more.range) })
            {
              wanted.append(more)
            }
          }
        }
      }
      if wanted.isEmpty && !addedOwnStacks {
        addedOwnStacks = true
        wanted = ownStacks(of: threads, pid: pid, source: source)
      }
    }
    var isCut = [Bool](repeating: false, count: threads.count)
    for copy in copies.copies where !copy.stretch.isComplete { isCut[copy.stretch.thread] = true }
    var suspects = threads.indices.compactMap { index in
      let stands = scan.holds(instruction: threads[index].registers.rip)
      return (words[index] ?? (isCut[index] || stands ? [] : nil)).map { Suspect(thread: index, words: $0, copies: []) }
    }
    // Seldom is there any: what tells them their copies is not made before.
    guard !suspects.isEmpty else { return [] }
    let copiesOfThread = Dictionary(grouping: copies.copies.indices) { copies.copies[$0].stretch.thread }
    for index in suspects.indices { suspects[index].copies = copiesOfThread[suspects[index].thread] ?? [] }
    return suspects
  }

  /// The stack from an address up to its mapping's end, without what has been read of it for the same thread.
  private func stretch(from address: UInt64, thread: Int, source: Source) -> StackStretch? {
    let start = address & ~7
    let others = copies.copies.filter { $0.stretch.thread == thread }.map(\.stretch.range)
    guard !others.contains(where: { $0.contains(start) }), let mapping = source.mapping(around: start) else {
      return nil
    }
    let end = others.map(\.lowerBound).filter { $0 > start }.reduce(mapping.range.upperBound & ~7, min)
    guard start < end else { return nil }
    let limited = min(end, start + min(Self.stackLimit, end - start))
    return StackStretch(thread: thread, range: start..<limited, isComplete: limited == end)
  }

  /// The stacks that threads were given and are not on: of a thread that runs a coroutine, say.
  private func ownStacks(of threads: [StoppedThread], pid: Int32, source: Source) -> [StackStretch] {
    var isOnOwnStack = [Bool](repeating: false, count: threads.count)
    for copy in copies.copies {
      let thread = threads[copy.stretch.thread]
      let top = (thread.tid == pid ? source.mainStackTop : nil) ?? thread.registers.fsBase
      if copy.stretch.range.contains(top) { isOnOwnStack[copy.stretch.thread] = true }
    }
    var found: [StackStretch] = []
    for (index, thread) in threads.enumerated() where !isOnOwnStack[index] {
      let own: Range<UInt64>
      if thread.tid == pid {
        guard let top = source.mainStackTop, let mapping = source.mapping(around: top) else { continue }
        own = mapping.range
      } else {
        guard let mapping = source.mapping(around: thread.registers.fsBase), mapping.isAnonymous else { continue }
        own = mapping.range.lowerBound..<max(mapping.range.lowerBound, thread.registers.fsBase & ~7)
      }
      let start = max(own.lowerBound, own.upperBound > Self.stackLimit ? own.upperBound - Self.stackLimit : 0)
      if start < own.upperBound {
        found.append(StackStretch(thread: index, range: start..<own.upperBound, isComplete: true))
      }
    }
    return found
  }

  // MARK: The exact walk

  private mutating func judge(
    _ suspect: Suspect, thread: StoppedThread, scan: StackScan, source: Source, into findings: inout StackFindings
  ) {
    let memory = CopiedStackMemory(copies: copies, thread: suspect.thread, indices: suspect.copies, source: source)
    let walk = StackWalk(from: WalkRegisters(thread.registers.byDwarfNumber), tables: &tables, memory: memory)
    var used: [Int: Bool] = [:]
    for (index, frame) in walk.frames.enumerated() {
      if let function = scan.functions.index(holding: frame.lookup.value) { used[function] = true }
      guard let place = scan.places.index(holding: frame.instruction.value) else { continue }
      let location: StackFindings.Inside.Location
      switch (index, frame.slot) {
      case (0, _), (_, nil): location = .instructionPointer
      case (_, let slot?): location = frame.isInterrupted ? .signalFrame(slot) : .returnAddress(slot)
      }
      findings.inside.append(
        .init(tid: thread.tid, place: place, location: location, value: frame.instruction))
    }
    for word in suspect.words {
      let stretch = copies.copies[word.copy].stretch.range
      let stack = RemoteAddress(stretch.lowerBound)..<RemoteAddress(stretch.upperBound)
      guard walk.verdict(on: RemoteAddress(word.address), in: stack) == .unexplained else { continue }
      if let lookup = word.functionLookup, let function = scan.functions.index(holding: lookup) {
        used[function] = used[function] ?? false
      }
      if let lookup = word.placeLookup, let place = scan.places.index(holding: lookup) {
        findings.inside.append(
          .init(
            tid: thread.tid, place: place, location: .unexplained(RemoteAddress(word.address)),
            value: RemoteAddress(word.value)))
      }
    }
    // A stack that was not read to its end proves nothing by itself: then the walk must have come to the end.
    let isCut = suspect.copies.contains { !copies.copies[$0].stretch.isComplete }
    if isCut, walk.end != .outermost, used.isEmpty, !scan.functions.ranges.isEmpty { used[0] = false }
    for (function, isProven) in used.sorted(by: { $0.key < $1.key }) {
      findings.uses.append(
        .init(tid: thread.tid, function: function, isProven: isProven, backtrace: walk.frames))
    }
  }
}
