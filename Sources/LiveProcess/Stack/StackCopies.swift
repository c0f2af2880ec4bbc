/// Copies of stacks: what was read, word by word, for one check.
struct StackCopies {
  /// The copy of one stretch.
  struct Copy {
    /// What was read; shorter than asked where a page could not be read.
    var stretch: StackStretch
    /// Where its first word lies in ``StackCopies/words``.
    var first: Int
    var count: Int { Int(stretch.range.upperBound - stretch.range.lowerBound) / 8 }
  }

  private(set) var words: [UInt64]
  private(set) var copies: [Copy] = []
  /// How many words are in use.
  private(set) var used = 0

  /// Makes room for some words: zeroes, so that the pages are there when the process stands still.
  init(roomFor count: Int) {
    words = [UInt64](repeating: 0, count: count)
  }

  /// Forgets the copies and keeps the room.
  mutating func clear() {
    copies.removeAll(keepingCapacity: true)
    used = 0
  }

  /// Reads stretches, behind what has been read before.
  mutating func read<Source: StackSource>(_ stretches: [StackStretch], from source: Source) {
    let count = stretches.reduce(0) { $0 + Int($1.range.upperBound - $1.range.lowerBound) / 8 }
    if used + count > words.count {
      words.append(contentsOf: repeatElement(0, count: used + count - words.count))
    }
    let done = source.read(stretches.map(\.range), into: &words, at: used)
    for (index, var stretch) in stretches.enumerated() {
      let size = stretch.range.upperBound - stretch.range.lowerBound
      let got = min(size, UInt64(done[index]) & ~7)
      if got < size { stretch.isComplete = false }
      stretch.range = stretch.range.lowerBound..<stretch.range.lowerBound + got
      copies.append(Copy(stretch: stretch, first: used))
      used += Int(size) / 8
    }
  }

  /// The word at an address of one thread's stacks; nil when it was not read.
  func word(at address: UInt64, thread: Int, copies indices: [Int]) -> UInt64? {
    for index in indices {
      let copy = copies[index]
      let distance = address &- copy.stretch.range.lowerBound
      if distance & 7 == 0, distance < UInt64(copy.count) * 8 { return words[copy.first + Int(distance / 8)] }
    }
    return nil
  }

  /// The interrupted frame of a signal frame whose segment registers may stand at a word; nil when it cannot be one.
  func interrupted(at word: Int, in copy: Copy) -> (instruction: UInt64, stackPointer: UInt64, slot: UInt64)? {
    // `rsp`, `rip` and `eflags` stand right before the segments; bit 1 of the flags is always set.
    guard word - copy.first >= Int(X86_64SignalFrame.segmentsOffset / 8), words[word - 1] & 2 != 0 else { return nil }
    return (words[word - 2], words[word - 3], address(of: word - 2, in: copy))
  }

  /// Where a word lies in the process.
  func address(of word: Int, in copy: Copy) -> UInt64 {
    copy.stretch.range.lowerBound + UInt64(word - copy.first) * 8
  }
}
