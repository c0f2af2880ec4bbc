package import Patch

/// What a process carries of ours, read without stopping it: ledgers, state word, and what a killed run left.
package struct CarriedPatches: Equatable, Sendable {
  /// The state word and its mapping.
  package struct State: Equatable, Sendable {
    package var range: Range<RemoteAddress>
    package var word: UInt64
    /// The word's address.
    package var address: RemoteAddress { RemoteAddress(range.lowerBound.value + StateWord.wordOffset) }
  }

  /// Of complete mappings, by address.
  package var ledgers: [Ledger] = []
  /// Nil when there is none.
  package var state: State?
  /// Mappings of ours that were not completed.
  package var unfinished: [Range<RemoteAddress>] = []
  /// Descriptors of our memory files that were not closed.
  package var descriptors: [Int32] = []

  /// The prefix of the names of our memory files.
  package static let prefix = "lpreconcile:"

  /// Whether a killed run left something to clear away.
  package var hasLeftovers: Bool { !unfinished.isEmpty || !descriptors.isEmpty }

  /// What a killed run left, in words.
  package var leftovers: [String] {
    unfinished.map { "an unfinished mapping at \($0.lowerBound)" } + descriptors.map { "the open descriptor \($0)" }
  }

  /// Reads it all.
  package static func read(
    _ process: ProcessID, map: MemoryMap, memory: borrowing RemoteMemory
  ) throws(PatchesUnreadable) -> CarriedPatches {
    var result = CarriedPatches()
    for region in regions(of: map) {
      let start = region.lowerBound
      let head = try bytes(Ledger.headerSize, at: start, memory)
      if head.prefix(8) == StateWord.magic[...] {
        guard result.state == nil else { throw .damagedLedger(field: "state", at: start) }
        do throws(DamagedLedger) {
          result.state = State(range: region, word: try StateWord.word(in: head))
        } catch { throw PatchesUnreadable(error, at: start) }
        continue
      }
      guard head.prefix(8) == Ledger.magic[...] else {
        result.unfinished.append(region)
        continue
      }
      let ledger: Ledger
      do throws(DamagedLedger) {
        let size = try Ledger.size(ofLedgerBeginning: head)
        guard size <= region.count else { throw .damaged(field: "size", offset: 12) }
        ledger = try read(size, at: start, memory)
      } catch { throw PatchesUnreadable(error, at: start) }
      guard ledger.base == start else { throw .damagedLedger(field: "base", at: start) }
      // Everything but `loaded` was never finished: the mapping goes, as if it had never been.
      if ledger.state == .loaded { result.ledgers.append(ledger) } else { result.unfinished.append(region) }
    }
    if let strange = result.ledgers.first(where: { $0.stateWord != result.state?.address }) {
      throw .damagedLedger(field: "stateWord", at: strange.base)
    }
    if let twin = result.ledgers.first(where: { one in
      result.ledgers.contains { $0.base != one.base && $0.bit == one.bit }
    }) {
      throw .damagedLedger(field: "bit", at: twin.base)
    }
    result.descriptors = descriptors(of: process)
    return result
  }

  private static func bytes(
    _ count: Int, at address: RemoteAddress, _ memory: borrowing RemoteMemory
  ) throws(PatchesUnreadable) -> [UInt8] {
    do throws(MemoryAccessFailed) { return try memory.read(count, at: address) } catch { throw .memory(error) }
  }

  private static func read(
    _ size: Int, at address: RemoteAddress, _ memory: borrowing RemoteMemory
  ) throws(DamagedLedger) -> Ledger {
    // What cannot be read ends before its own size says.
    try Ledger(reading: (try? memory.read(size, at: address)) ?? [])
  }

  /// Where memory files of ours are mapped: all neighbouring mappings of one file are one region.
  private static func regions(of map: MemoryMap) -> [Range<RemoteAddress>] {
    var regions: [(file: Mapping.File, range: Range<RemoteAddress>)] = []
    for mapping in map.mappings {
      guard let name = mapping.memoryFileName, name.hasPrefix(prefix), let file = mapping.file else { continue }
      if let last = regions.last, last.file == file, last.range.upperBound == mapping.range.lowerBound,
        mapping.offset == UInt64(last.range.count)
      {
        regions[regions.count - 1].range = last.range.lowerBound..<mapping.range.upperBound
      } else {
        regions.append((file, mapping.range))
      }
    }
    return regions.map(\.range)
  }

  /// The process's descriptors that are memory files of ours; none where they may not be read.
  private static func descriptors(of process: ProcessID) -> [Int32] {
    ProcessLinks.names(in: "/proc/\(process)/fd").compactMap { name in
      guard let descriptor = Int32(name), let target = ProcessLinks.target("/proc/\(process)/fd/\(name)") else {
        return nil
      }
      return target.hasPrefix("/memfd:\(prefix)") && target.hasSuffix(" (deleted)") ? descriptor : nil
    }.sorted()
  }
}

extension PatchesUnreadable {
  init(_ damage: DamagedLedger, at base: RemoteAddress) {
    switch damage {
    case .newer(let version): self = .newerLedger(version: version)
    case .damaged(let field, let offset):
      self = .damagedLedger(field: field, at: RemoteAddress(base.value &+ UInt64(clamping: offset)))
    }
  }
}
