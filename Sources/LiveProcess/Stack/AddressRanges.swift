internal import Patch

/// A small set of address ranges, made for asking many words whether they point into it.
struct AddressRanges {
  /// The ranges as given.
  let ranges: [Range<RemoteAddress>]
  /// The same, ascending and without overlaps.
  private let merged: [Range<UInt64>]

  init(_ ranges: [Range<RemoteAddress>]) {
    self.ranges = ranges
    var merged: [Range<UInt64>] = []
    for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let (low, high) = (range.lowerBound.value, range.upperBound.value)
      if let last = merged.last, low < last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, high)
      } else {
        merged.append(low..<high)
      }
    }
    self.merged = merged
  }

  /// From the lowest address to behind the highest; nil for no ranges.
  var hull: Range<UInt64>? {
    guard let first = merged.first, let last = merged.last else { return nil }
    return first.lowerBound..<last.upperBound
  }

  func contains(_ address: UInt64) -> Bool {
    var low = 0
    var high = merged.count
    while low < high {
      let middle = (low + high) / 2
      if merged[middle].lowerBound <= address { low = middle + 1 } else { high = middle }
    }
    return low > 0 && address < merged[low - 1].upperBound
  }

  /// The first of the given ranges that holds an address.
  func index(holding address: UInt64) -> Int? {
    ranges.firstIndex { $0.contains(RemoteAddress(address)) }
  }
}
