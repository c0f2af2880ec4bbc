internal import Patch

/// Writes fields one after the other, as ``LedgerReader`` reads them.
struct LedgerWriter {
  var bytes: [UInt8] = []

  mutating func integer(_ value: some FixedWidthInteger) {
    for index in 0..<value.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }

  mutating func blob(_ content: [UInt8]) {
    integer(UInt32(truncatingIfNeeded: content.count))
    bytes.append(contentsOf: content)
  }

  mutating func text(_ text: String) { blob(Array(text.utf8.prefix(Ledger.maximumText))) }

  mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func address(_ address: RemoteAddress) { integer(address.value) }

  mutating func range(_ range: Range<RemoteAddress>) {
    address(range.lowerBound)
    address(range.upperBound)
  }
}
