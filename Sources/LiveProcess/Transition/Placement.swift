internal import Patch

/// Looks for a place for a patch's mapping: in reach of near branches from its target, away from what grows.
enum Placement {
  /// The lowest address that is tried; the kernel's own bound (vm.mmap_min_addr) is not above it.
  static let lowest: UInt64 = 1 << 20
  /// How far a signed 32-bit displacement reaches, less a margin for the instruction itself.
  static let reach: UInt64 = 0x7fff_0000
  /// Free pages that stay on each side, so that running over an end faults.
  static let guardSize: UInt64 = 16 * 4096

  /// Places for some bytes, the nearest to the target first; empty when there is none in reach.
  ///
  /// - Parameters:
  ///   - size: a multiple of the page size.
  ///   - target: the binary's mappings, from the lowest to behind the highest.
  static func candidates(for size: UInt64, near target: Range<RemoteAddress>, in map: MemoryMap) -> [RemoteAddress] {
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
      // The heap grows upwards and the stack downwards; other mappings of the kernel come and go near its vDSO.
      guard high > low, high - low >= needed, above?.path != "[stack]", below?.path != "[heap]", below?.path != "[stack]"
      else { continue }
      let start: UInt64
      if low >= target.upperBound.value {
        start = low + guardSize
      } else {
        start = high - size - guardSize
      }
      let end = start + size
      let span = max(end, target.upperBound.value) - min(start, target.lowerBound.value)
      guard span <= reach else { continue }
      found.append((span, RemoteAddress(start & ~4095)))
    }
    return found.sorted { $0.distance < $1.distance }.map(\.address)
  }
}
