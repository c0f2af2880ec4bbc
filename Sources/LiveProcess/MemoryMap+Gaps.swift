package import Patch

extension MemoryMap {
  /// Where a new mapping may lie.
  package struct Limits: Equatable, Sendable {
    /// `vm.mmap_min_addr`.
    package var lowest: UInt64
    /// Behind the highest address of user space: 47 bits, less the guard page.
    package var highest: UInt64
    /// What stays free below a stack, which grows downwards: its guard gap (256 pages) and room to grow.
    package var belowStack: UInt64
    /// What stays free behind the heap, which grows upwards (brk(2)).
    package var behindHeap: UInt64

    package init(
      lowest: UInt64 = 65_536, highest: UInt64 = 0x7fff_ffff_f000, belowStack: UInt64 = 128 << 20,
      behindHeap: UInt64 = 1 << 30
    ) {
      self.lowest = lowest
      self.highest = highest
      self.belowStack = belowStack
      self.behindHeap = behindHeap
    }

    /// The limits of this machine.
    package static func current() -> Limits {
      var limits = Limits()
      // A value that cannot be read leaves the kernel's usual one.
      if let text = try? OwnedDescriptor(opening: "/proc/sys/vm/mmap_min_addr").readToEnd(limit: 64) {
        var scanner = ByteScanner(text[...])
        limits.lowest = max(scanner.decimal() ?? limits.lowest, 4096)
      }
      return limits
    }
  }

  /// The free place nearest to some code, from which every byte of the code can be reached and back by a near branch.
  ///
  /// - Parameters:
  ///   - size: in bytes; rounded up to pages, and a free page is left on both sides.
  ///   - code: what must be in reach: every distance within is at most 2 GiB less a page.
  /// - Returns: a page-aligned address; nil when no gap is in reach.
  package func gap(of size: UInt64, near code: Range<RemoteAddress>, limits: Limits = .current()) -> RemoteAddress? {
    let page: UInt64 = 4096
    guard size > 0, size < 1 << 31, code.upperBound.value - code.lowerBound.value < 1 << 31 else { return nil }
    let length = (size + page - 1) & ~(page - 1)
    let reach: UInt64 = (1 << 31) - page
    // From the place's first byte to behind the code, and from the code's first byte to behind the place.
    let first = code.upperBound.value > reach ? code.upperBound.value - reach : 0
    let (last, overflow) = code.lowerBound.value.addingReportingOverflow(reach)
    let floor = max(first, limits.lowest)
    let ceiling = min(overflow ? .max : last, limits.highest)
    guard ceiling > floor, ceiling - floor >= length else { return nil }

    var best: (distance: UInt64, place: UInt64)?
    for free in freeRanges(limits) {
      // A free page on both sides: no mapping of the process's own is merged with ours, or grows into it unnoticed.
      let low = max((free.lowerBound + page + page - 1) & ~(page - 1), (floor + page - 1) & ~(page - 1))
      let high = min(free.upperBound > page ? free.upperBound - page : 0, ceiling)
      guard high > low, high - low >= length else { continue }
      let highestPlace = (high - length) & ~(page - 1)
      let wanted = min(max(code.lowerBound.value & ~(page - 1), low), highestPlace)
      let distance = wanted > code.lowerBound.value ? wanted - code.lowerBound.value : code.lowerBound.value - wanted
      if best.map({ distance < $0.distance }) ?? true { best = (distance, wanted) }
    }
    return best.map { RemoteAddress($0.place) }
  }

  /// What is not mapped, without the room that stacks and the heap grow into.
  private func freeRanges(_ limits: Limits) -> [Range<UInt64>] {
    var free: [Range<UInt64>] = []
    var start: UInt64 = 0
    var isBehindHeap = false
    for mapping in mappings {
      var end = mapping.range.lowerBound.value
      // `[stack]` is the main thread's; other mappings that grow downwards are not marked in maps.
      if mapping.path.hasPrefix("[stack") { end = end > limits.belowStack ? end - limits.belowStack : 0 }
      let from = isBehindHeap ? start.addingReportingOverflow(limits.behindHeap).partialValue : start
      if end > from { free.append(from..<end) }
      start = mapping.range.upperBound.value
      isBehindHeap = mapping.path == "[heap]"
    }
    if limits.highest > start { free.append(start..<limits.highest) }
    return free
  }
}
