internal import CTrace
internal import Glibc
internal import Patch

/// Looks through a process's memory for aligned words that point into a range, in large batches.
struct PointerSearch: ~Copyable {
  /// A word that does.
  struct Hit: Equatable {
    var address: UInt64
    /// What it points to.
    var value: UInt64
    var isMangled: Bool
  }

  /// More than so many hits are not counted: one that is alive is enough.
  static let limit = 1 << 16
  /// The most ranges of one call: `UIO_MAXIOV` (readv(2)).
  private static let mostRanges = 1024

  private let process: ProcessID
  private let low: UInt64
  private let size: UInt64
  /// Parts of the range that do not count.
  private let apart: [Range<UInt64>]
  /// What the C library's pointers are mangled with; nil for none.
  private let guardWord: UInt64?
  private var words = [UInt64](repeating: 0, count: 1 << 19)
  private(set) var hits: [Hit] = []
  private(set) var searched: UInt64 = 0

  init(
    into range: Range<RemoteAddress>, besides apart: [Range<RemoteAddress>], of process: ProcessID, guardWord: UInt64?
  ) {
    self.process = process
    low = range.lowerBound.value
    size = UInt64(range.count)
    self.apart = apart.map { $0.lowerBound.value..<$0.upperBound.value }
    self.guardWord = guardWord
  }

  /// Forgets what was found.
  mutating func clear() {
    hits.removeAll(keepingCapacity: true)
    searched = 0
  }

  /// Where a word points to, if it is into the range; as it stands, or as the C library mangles it.
  func target(of word: UInt64) -> (value: UInt64, isMangled: Bool)? {
    if counts(word) { return (word, false) }
    guard let guardWord else { return nil }
    // PTR_MANGLE of glibc on x86-64: xor, then rotated left by 17.
    let plain = (word >> 17 | word << 47) ^ guardWord
    return counts(plain) ? (plain, true) : nil
  }

  private func counts(_ value: UInt64) -> Bool { value &- low < size && !apart.contains { $0.contains(value) } }

  /// Searches some stretches; false when the time was over before.
  mutating func search(
    _ stretches: [Range<UInt64>], _ memory: borrowing RemoteMemory, before end: ContinuousClock.Instant?
  ) -> Bool {
    let room = UInt64(words.count) * 8
    var batch: [Range<UInt64>] = []
    var size: UInt64 = 0
    for stretch in stretches {
      var start = stretch.lowerBound
      while start < stretch.upperBound {
        let piece = start..<min(stretch.upperBound, start + (room - size))
        batch.append(piece)
        size += piece.upperBound - piece.lowerBound
        start = piece.upperBound
        guard size == room || batch.count == Self.mostRanges else { continue }
        read(batch, memory)
        batch.removeAll(keepingCapacity: true)
        size = 0
        if let end, ContinuousClock.now >= end { return false }
        if hits.count >= Self.limit { return true }
      }
    }
    if !batch.isEmpty { read(batch, memory) }
    return true
  }

  private mutating func read(_ batch: [Range<UInt64>], _ memory: borrowing RemoteMemory) {
    var rest = batch[...]
    while !rest.isEmpty {
      var done = 0
      // SAFETY: remote addresses are numbers to the kernel; they are never followed here.
      let remote = unsafe rest.map { range in
        unsafe iovec(
          iov_base: UnsafeMutableRawPointer(bitPattern: UInt(range.lowerBound)),
          iov_len: Int(range.upperBound - range.lowerBound))
      }
      // SAFETY: a batch is never larger than the words, which live for the call.
      let error = unsafe words.withUnsafeMutableBytes { buffer in
        var local = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        return unsafe observe_process_readv(process.value, &local, 1, remote, remote.count, &done)
      }
      if error != 0 { done = 0 }
      var word = 0
      while let range = rest.first, done >= range.count {
        compare(from: word, count: range.count / 8, at: range.lowerBound)
        word += range.count / 8
        done -= range.count
        rest.removeFirst()
      }
      guard let broken = rest.first else { return }
      let whole = done / Int(PopulatedPages.pageSize) * Int(PopulatedPages.pageSize)
      compare(from: word, count: whole / 8, at: broken.lowerBound)
      // A page that is there and may not be read by this call: behind PROT_NONE, say. What cannot be read by the other
      // way either is not there any more, or is a device.
      let page = broken.lowerBound + UInt64(whole)
      if let bytes = try? memory.read(Int(PopulatedPages.pageSize), at: RemoteAddress(page)) {
        for offset in stride(from: 0, to: bytes.count, by: 8) {
          words[offset / 8] = bytes.little(UInt64.self, at: offset) ?? 0
        }
        compare(from: 0, count: bytes.count / 8, at: page)
      }
      rest.removeFirst()
      if page + PopulatedPages.pageSize < broken.upperBound {
        rest = [page + PopulatedPages.pageSize..<broken.upperBound] + rest
      }
    }
  }

  private mutating func compare(from start: Int, count: Int, at address: UInt64) {
    searched += UInt64(count) * 8
    for index in suspects(from: start, count: count) where hits.count < Self.limit {
      guard let (value, isMangled) = target(of: words[index]) else { continue }
      hits.append(Hit(address: address + UInt64(index - start) * 8, value: value, isMangled: isMangled))
    }
  }

  /// The loop that all of a process's memory goes through.
  private func suspects(from start: Int, count: Int) -> [Int] {
    let (low, size, mangle) = (low, size, guardWord ?? 0)
    let asksMangled = guardWord != nil
    let span = words.span
    var found: [Int] = []
    for index in start..<start + count {
      let word = span[index]
      let plain = (word >> 17 | word << 47) ^ mangle
      if word &- low < size || (asksMangled && plain &- low < size) { found.append(index) }
    }
    return found
  }
}
