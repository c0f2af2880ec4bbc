package import Patch

/// Looks through the words of stacks for addresses into ranges, quickly and without knowing what the words are.
package struct StackScan {
  /// A word worth a closer look: its index in what was scanned.
  package enum Hit: Equatable, Sendable {
    /// It may be a return address into a function: it points into the range, or just behind it when the call is the
    /// function's last instruction.
    case returnAddress(Int)
    /// It points strictly inside bytes that are about to change.
    case inside(Int)
    /// Here the segment registers of a signal frame may stand.
    case signalFrame(Int)
  }

  let functions: AddressRanges
  let places: AddressRanges
  /// Words outside `low ... low + extent` point into nothing.
  private let low: UInt64
  private let extent: UInt64

  /// Prepares the ranges that words are compared with.
  ///
  /// `functions`: code that must not be in use; a word equal to a lower bound is a function pointer, no hit.
  /// `places`: bytes that are about to change; a word equal to a lower bound may stay.
  package init(functions: [Range<RemoteAddress>], places: [Range<RemoteAddress>]) {
    self.functions = AddressRanges(functions)
    // "Strictly inside" becomes "inside" when the first address is left out.
    self.places = AddressRanges(
      places.compactMap { place in
        place.isEmpty ? nil : RemoteAddress(place.lowerBound.value + 1)..<place.upperBound
      })
    let hulls = [self.functions.hull, self.places.hull].compactMap { $0 }
    let lowest = hulls.map(\.lowerBound).min()
    let highest = hulls.map(\.upperBound).max()
    if let lowest, let highest {
      low = lowest
      extent = highest - lowest
    } else {
      low = .max
      extent = 0
    }
  }

  /// Appends the hits among some words.
  package func scan(_ words: Span<UInt64>, from start: Int, to end: Int, into hits: inout [Hit]) {
    let (low, extent) = (low, extent)
    let part = words.extracting(start..<end)
    // Eight words by one branch: nearly all of them point elsewhere.
    var index = 0
    while index &+ 8 <= part.count {
      var found: UInt8 = 0
      for lane in 0..<8 {
        let word = part[index &+ lane]
        found |= word &- low <= extent ? 1 : 0
        found |= word == X86_64SignalFrame.segments ? 1 : 0
      }
      if found != 0 {
        for lane in 0..<8 { look(part[index &+ lane], at: start + index + lane, into: &hits) }
      }
      index &+= 8
    }
    while index < part.count {
      look(part[index], at: start + index, into: &hits)
      index &+= 1
    }
  }

  private func look(_ word: UInt64, at index: Int, into hits: inout [Hit]) {
    if word == X86_64SignalFrame.segments { hits.append(.signalFrame(index)) }
    guard word &- low <= extent else { return }
    if places.contains(word) { hits.append(.inside(index)) }
    if functions.contains(word &- 1) { hits.append(.returnAddress(index)) }
  }

  /// Whether an instruction about to run is in one of the functions or inside one of the places.
  package func holds(instruction: UInt64) -> Bool {
    functions.contains(instruction) || places.contains(instruction)
  }
}
