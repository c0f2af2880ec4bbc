internal import Patch

/// Reads fields one after the other out of bytes that may be anything.
struct LedgerReader {
  let bytes: [UInt8]
  private(set) var position: Int
  /// Nothing at or behind it is read.
  let end: Int

  init(_ bytes: [UInt8], from start: Int, to end: Int) {
    self.bytes = bytes
    position = start
    self.end = min(end, bytes.count)
  }

  var isAtEnd: Bool { position == end }

  mutating func integer<T: FixedWidthInteger>(_ field: String, as _: T.Type = T.self) throws(DamagedLedger) -> T {
    let size = MemoryLayout<T>.size
    guard position >= 0, end - position >= size else { throw .damaged(field: field, offset: position) }
    var value: T = 0
    for index in (0..<size).reversed() { value = value << 8 | T(truncatingIfNeeded: bytes[position + index]) }
    position += size
    return value
  }

  mutating func count(_ field: String, atMost limit: Int) throws(DamagedLedger) -> Int {
    let start = position
    let value = try integer(field, as: UInt32.self)
    guard let count = Int(exactly: value), count <= limit else { throw .damaged(field: field, offset: start) }
    return count
  }

  mutating func raw(_ field: String, count: Int) throws(DamagedLedger) -> [UInt8] {
    guard count >= 0, position >= 0, end - position >= count else { throw .damaged(field: field, offset: position) }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func blob(_ field: String, _ allowed: ClosedRange<Int>) throws(DamagedLedger) -> [UInt8] {
    let start = position
    let count = try count(field, atMost: allowed.upperBound)
    guard count >= allowed.lowerBound else { throw .damaged(field: field, offset: start) }
    return try raw(field, count: count)
  }

  mutating func text(_ field: String) throws(DamagedLedger) -> String {
    let start = position
    let raw = try blob(field, 0...Ledger.maximumText)
    guard let text = String(validating: raw, as: UTF8.self) else { throw .damaged(field: field, offset: start) }
    return text
  }

  mutating func flag(_ field: String) throws(DamagedLedger) -> Bool {
    let start = position
    let value = try integer(field, as: UInt8.self)
    guard value <= 1 else { throw .damaged(field: field, offset: start) }
    return value == 1
  }

  mutating func digest(_ field: String) throws(DamagedLedger) -> SHA256Digest {
    let start = position
    guard let digest = SHA256Digest(bytes: try raw(field, count: SHA256Digest.length)) else {
      throw .damaged(field: field, offset: start)
    }
    return digest
  }

  mutating func address(_ field: String) throws(DamagedLedger) -> RemoteAddress {
    let start = position
    let value = try integer(field, as: UInt64.self)
    guard value < Ledger.addressLimit else { throw .damaged(field: field, offset: start) }
    return RemoteAddress(value)
  }

  mutating func range(_ field: String) throws(DamagedLedger) -> Range<RemoteAddress> {
    let start = position
    let lower = try address(field)
    let upper = try address(field)
    guard lower <= upper else { throw .damaged(field: field, offset: start) }
    return lower..<upper
  }
}
