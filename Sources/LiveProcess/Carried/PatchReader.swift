internal import Patch

/// Says which patches a process carries and whether its memory is as their ledgers say, without stopping it.
package enum PatchReader {
  /// Fills in a process's patches, what a killed run left in it, or why that cannot be read.
  ///
  /// `verifyingImages`: whether the patches' own code and read-only data are compared with their digests too.
  package static func observe(_ process: inout ObservedProcess, verifyingImages: Bool = true) {
    do throws(PatchesUnreadable) {
      let read = try read(process.identity.pid, verifyingImages: verifyingImages)
      process.patches = read.patches
      process.leftovers = read.leftovers
    } catch {
      process.patches = []
      process.unreadable = error.reason(of: process.identity.pid)
    }
  }

  /// Reads the patches of a process.
  package static func read(
    _ process: ProcessID, verifyingImages: Bool = true
  ) throws(PatchesUnreadable) -> (patches: [ObservedPatch], leftovers: [String]) {
    let map: MemoryMap
    let memory: RemoteMemory
    do throws(ProcessUnreadable) {
      map = try MemoryMap.read(process)
      // Most processes carry nothing: then their memory is not even opened.
      guard map.mappings.contains(where: { $0.memoryFileName?.hasPrefix(CarriedPatches.prefix) ?? false }) else {
        return ([], [])
      }
      memory = try RemoteMemory(of: process)
    } catch { throw .process(error) }
    let carried = try CarriedPatches.read(process, map: map, memory: memory)
    var patches: [ObservedPatch] = []
    for ledger in carried.ledgers {
      patches.append(
        try observe(ledger, among: carried, memory: memory, verifyingImages: verifyingImages))
    }
    return (patches, carried.leftovers)
  }

  private static func observe(
    _ ledger: Ledger, among carried: CarriedPatches, memory: borrowing RemoteMemory, verifyingImages: Bool
  ) throws(PatchesUnreadable) -> ObservedPatch {
    let isOn = (carried.state?.word ?? 0) & ledger.mask != 0
    var drift: [ObservedPatch.Drift] = []
    var unsettled = false
    for function in ledger.functions {
      let site = site(at: function, among: carried.ledgers)
      let found = try bytes(site.original.count, at: site.address, memory)
      let owner = carried.ledgers.first { other in
        (carried.state?.word ?? 0) & other.mask != 0 && other.functions.contains { $0.place == function.place }
      }
      let ownerFunction = owner?.functions.first { $0.place == function.place }
      let expected = ownerFunction.map { site.padded($0.direct) } ?? site.original
      switch site.content(found, carried.ledgers) {
      case .foreign:
        drift.append(
          ObservedPatch.Drift(
            kind: .ofCode(found, expected: expected), symbol: function.symbol, address: site.address,
            expected: expected, found: found))
      case .original where isOn:
        drift.append(
          ObservedPatch.Drift(
            kind: .restoredByOthers, symbol: function.symbol, address: site.address, expected: expected, found: found))
      case .original: break
      case .gate(let claim), .direct(let claim):
        // A branch of its own that is not where the word says it should be, or the other way round.
        let isOwn = carried.ledgers[claim.ledger].id == ledger.id
        if found != expected, isOn || isOwn { unsettled = true }
      }
    }
    for value in ledger.values where isOn {
      let found = try bytes(value.new.count, at: value.address, memory)
      guard found != value.new else { continue }
      drift.append(
        ObservedPatch.Drift(
          kind: .valueChanged, symbol: value.symbol, address: value.address, expected: value.new, found: found))
    }
    if verifyingImages { drift += try imageDrift(ledger, memory) }
    let state: ObservedPatch.State =
      switch (isOn, unsettled) {
      case (true, true): .committed
      case (true, false): .active
      case (false, true): .armed
      case (false, false): .loaded
      }
    return ObservedPatch(
      id: ledger.id, name: ledger.name, description: ledger.description, fixes: ledger.fixes, buildID: ledger.buildID,
      state: state, places: places(ledger), drift: drift, activatedAt: ledger.activatedAt,
      mappedSize: UInt64(ledger.mappedRange?.count ?? 0))
  }

  private static func places(_ ledger: Ledger) -> [ObservedPatch.Place] {
    ledger.functions.map {
      ObservedPatch.Place(
        kind: .function, symbol: $0.symbol, address: $0.range.lowerBound, size: UInt64($0.range.count))
    }
      + ledger.values.map {
        ObservedPatch.Place(kind: .value, symbol: $0.symbol, address: $0.address, size: UInt64($0.new.count))
      }
  }

  private static func site(at function: Ledger.Function, among ledgers: [Ledger]) -> PatchSite {
    var site = PatchSite(address: function.place, original: function.original, claims: [])
    for (position, ledger) in ledgers.enumerated() {
      for (index, other) in ledger.functions.enumerated() where other.place == function.place {
        site.claims.append(PatchSite.Claim(ledger: position, function: index))
        if other.original.count > site.original.count { site.original = other.original }
      }
    }
    return site
  }

  /// Compares the patch's code and read-only data with what was loaded.
  private static func imageDrift(
    _ ledger: Ledger, _ memory: borrowing RemoteMemory
  ) throws(PatchesUnreadable) -> [ObservedPatch.Drift] {
    var drift: [ObservedPatch.Drift] = []
    for part in ledger.parts {
      guard let digest = part.digest, let start = ledger.base.advanced(by: part.offset) else { continue }
      let content = try bytes(Int(part.size), at: start, memory)
      let found = SHA256Digest(of: Ledger.withoutSlots(content, at: start, ledger.functions))
      guard found != digest else { continue }
      drift.append(
        ObservedPatch.Drift(
          kind: .imageChanged, symbol: ledger.name, address: start, expected: digest.bytes, found: found.bytes))
    }
    return drift
  }

  private static func bytes(
    _ count: Int, at address: RemoteAddress, _ memory: borrowing RemoteMemory
  ) throws(PatchesUnreadable) -> [UInt8] {
    do throws(MemoryAccessFailed) { return try memory.read(count, at: address) } catch { throw .memory(error) }
  }
}

extension Ledger {
  /// A part's content with the gates' slots, which change with every switch, taken as zero.
  static func withoutSlots(_ content: [UInt8], at start: RemoteAddress, _ functions: [Function]) -> [UInt8] {
    var content = content
    for function in functions {
      guard let slot = function.gate?.elseSlot, slot >= start else { continue }
      let offset = slot.value - start.value
      guard offset < UInt64(content.count), UInt64(content.count) - offset >= 8 else { continue }
      for index in Int(offset)..<Int(offset) + 8 { content[index] = 0 }
    }
    return content
  }
}
