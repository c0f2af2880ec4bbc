package import Patch

/// All that one switch writes, in order, computed from what was read before: no clock, no process.
///
/// Killed behind any of its steps, the process runs wholly the old or wholly the new code, and the plan made from what
/// is there then, with nothing to switch, ends where the word says.
package struct SwitchPlan: Equatable, Sendable {
  /// What one system call writes.
  package struct Step: Equatable, Sendable {
    package var phase: Phase
    /// One range, but for a commit with values: there the values and last the word, whole or not at all.
    package var writes: [MemoryImage.Span]
  }

  /// What a step is for.
  package enum Phase: Int, Comparable, Sendable {
    /// Ends what a killed run left; changes nothing that the process does.
    case recover
    /// Says where gates lead that nothing leads to yet.
    case slots
    /// Leads entries to gates that do what the entries did.
    case arm
    /// The switch.
    case commit
    /// Points the entries straight at what the gates lead to.
    case settle
    /// Lets gates that nothing leads to any more forget their predecessors.
    case tidy

    package static func < (a: Phase, b: Phase) -> Bool { a.rawValue < b.rawValue }
  }

  /// Code in which no thread may be when the switch is made.
  package struct Use: Equatable, Sendable {
    package var range: Range<RemoteAddress>
    package var patch: String
    package var symbol: String
  }

  /// Where a thread inside a gate came from.
  package struct GateOrigin: Equatable, Sendable {
    package var range: Range<RemoteAddress>
    package var place: RemoteAddress
  }

  /// What stood in a variable, for the ledger before the commit.
  package struct Saved: Equatable, Sendable {
    package var ledger: Int
    package var value: Int
    package var bytes: [UInt8]
  }

  package var steps: [Step] = []
  package var wordBefore: UInt64
  package var wordAfter: UInt64
  /// For each instruction that is overwritten its moved copy, to which a thread there is set before.
  package var redirects: [RemoteAddress: RemoteAddress] = [:]
  /// The overwritten bytes that an instruction could begin at and no thread may stand in.
  package var overwritten: [Use] = []
  /// All gates, by address; a thread in one is set back to the place before anything is written.
  package var gates: [GateOrigin] = []
  /// What must not be on any stack, for a switch with `stack-check`.
  package var uses: [Use] = []
  package var saved: [Saved] = []
  /// Values that the program has changed itself and that are left alone.
  package var valuesLeft: [ObservedPatch.Drift] = []

  /// Whether the process is already as it should be.
  package var isEmpty: Bool { steps.isEmpty }
  /// Whether anything but the end of what a killed run left is to be done.
  package var switches: Bool { steps.contains { $0.phase != .recover } }
}

extension SwitchPlan {
  /// The memory that a plan is made from, without the state word: places page by page, slots and values.
  package static func neededMemory(_ ledgers: [Ledger]) throws(SwitchRefusal) -> [Range<RemoteAddress>] {
    var ranges: [Range<RemoteAddress>] = []
    for site in try PatchSite.all(of: ledgers) {
      if let last = ranges.last, last.lowerBound.page == site.address.page {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, site.range.upperBound)
      } else {
        ranges.append(site.range)
      }
    }
    var others: [Range<RemoteAddress>] = []
    for ledger in ledgers {
      for function in ledger.functions {
        guard let slot = function.gate?.elseSlot else { continue }
        others.append(slot..<RemoteAddress(slot.value + 8))
      }
      others += ledger.values.map(\.range)
    }
    others.sort { $0.lowerBound < $1.lowerBound }
    var merged: [Range<RemoteAddress>] = []
    for range in others {
      if let last = merged.last, last.upperBound >= range.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return ranges + merged
  }
}

extension RemoteAddress {
  /// The number of the 4 KiB page that it lies in.
  var page: UInt64 { value >> 12 }
}

extension Ledger.Value {
  /// The variable's bytes.
  var range: Range<RemoteAddress> { address..<RemoteAddress(address.value + UInt64(new.count)) }
}
