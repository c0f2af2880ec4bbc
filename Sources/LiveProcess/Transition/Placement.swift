package import Patch

/// Looks for a place for a patch's mapping: in reach of near branches from its target, away from what grows.
package enum Placement {
  /// The lowest address that is tried; the kernel's own bound (vm.mmap_min_addr) is not above it.
  static let lowest: UInt64 = 1 << 20
  /// How far a signed 32-bit displacement reaches, less a margin for the instruction itself.
  package static let reach: UInt64 = 0x7fff_0000
  /// Free pages that stay on each side, so that running over an end faults.
  package static let guardSize: UInt64 = 16 * 4096
  /// What the heap may still grow by below a patch: more than a program gets from brk(2) before its allocator maps.
  static let heapRoom: UInt64 = 1 << 30

  /// Places for some bytes, the nearest to the target first; empty when there is none in reach.
  ///
  /// `size`: a multiple of the page size.
  /// `target`: the binary's mappings, from the lowest to behind the highest.
  /// `reach`: how far from the binary's one end a place may reach to; nil for any distance.
  package static func candidates(
    for size: UInt64, near target: Range<RemoteAddress>, in map: MemoryMap, reach: UInt64? = reach
  ) -> [RemoteAddress] {
    var found: [(distance: UInt64, address: RemoteAddress)] = []
    let needed = size + 2 * guardSize
    var low = lowest
    var below: Mapping?
    let ends = map.mappings.map { Optional($0) } + [nil]
    for above in ends {
      let high = above?.range.lowerBound.value ?? Ledger.addressLimit - 4096
      defer {
        low = max(low, above?.range.upperBound.value ?? low)
        below = above
      }
      // The stack grows downwards; other mappings of the kernel come and go near its vDSO.
      guard high > low, high - low >= needed, above?.path != "[stack]", below?.path != "[stack]" else { continue }
      let start: UInt64
      if low >= target.upperBound.value {
        start = low + guardSize
      } else {
        start = high - size - guardSize
      }
      // The heap grows upwards: the gap above it is used at its far end only, where mmap(2) itself begins.
      if below?.path == "[heap]", start - low < heapRoom { continue }
      let end = start + size
      let span = max(end, target.upperBound.value) - min(start, target.lowerBound.value)
      guard reach.map({ span <= $0 }) ?? true else { continue }
      found.append((span, RemoteAddress(start & ~4095)))
    }
    return found.sorted { $0.distance < $1.distance }.map(\.address)
  }
}
