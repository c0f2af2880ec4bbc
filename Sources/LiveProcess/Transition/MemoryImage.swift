package import Patch

/// Some of a process's memory as it was read at one time.
package struct MemoryImage: Equatable, Sendable {
  /// What was read, by address, none of it overlapping.
  package private(set) var spans: [Span]

  /// Consecutive bytes.
  package struct Span: Equatable, Sendable {
    package var start: RemoteAddress
    package var bytes: [UInt8]
    package init(start: RemoteAddress, bytes: [UInt8]) {
      self.start = start
      self.bytes = bytes
    }
  }

  package init(_ spans: [Span]) {
    self.spans = spans.sorted { $0.start < $1.start }
  }

  /// The bytes at an address; nil where not all of them were read.
  package func bytes(at address: RemoteAddress, count: Int) -> [UInt8]? {
    guard let index = index(of: address) else { return nil }
    let span = spans[index]
    let offset = Int(address.value - span.start.value)
    guard count >= 0, offset <= span.bytes.count, span.bytes.count - offset >= count else { return nil }
    return Array(span.bytes[offset..<offset + count])
  }

  /// The little-endian word at an address; nil where not all of it was read.
  package func word(at address: RemoteAddress) -> UInt64? {
    bytes(at: address, count: 8).map { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  }

  /// Takes over bytes that are about to be written, as far as they lie within what was read.
  package mutating func write(_ bytes: [UInt8], at address: RemoteAddress) {
    guard let index = index(of: address) else { return }
    let offset = Int(address.value - spans[index].start.value)
    for (position, byte) in bytes.enumerated() where offset + position < spans[index].bytes.count {
      spans[index].bytes[offset + position] = byte
    }
  }

  /// The last span that begins at or before an address.
  private func index(of address: RemoteAddress) -> Int? {
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low + high) / 2
      if spans[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }
}
