/// The call-frame information of gates and stubs, in the form of `.eh_frame` (LSB core specification 10.6; DWARF 5, 6.4).
enum X86_64Unwind {
  private static let commonSize: UInt64 = 24
  private static let gateSize: UInt64 = 28
  private static let stubsSize: UInt64 = 20

  /// The size of all records in bytes; 0 where there is neither gate nor stub.
  static func size(gates: Int, stubs: Int) -> UInt64 {
    guard gates > 0 || stubs > 0 else { return 0 }
    return commonSize + UInt64(gates) * gateSize + (stubs > 0 ? stubsSize : 0)
  }

  /// The records; offsets are from the image's beginning.
  ///
  /// - Parameters:
  ///   - start: where the records will lie.
  ///   - gates: where the gates lie.
  ///   - stubs: the stubs, which lie one behind the other; empty where there are none.
  /// - Returns: so many bytes as ``size(gates:stubs:)`` says.
  static func records(at start: UInt64, gates: [UInt64], stubs: Range<UInt64>) -> [UInt8] {
    guard !gates.isEmpty || !stubs.isEmpty else { return [] }
    // Common record: version 1, "zR", code alignment 1, data alignment -8, return address in column 16, addresses
    // relative to themselves in 32 bits (0x1b); CFA is rsp + 8, the return address 8 below it.
    var bytes: [UInt8] = UInt32(commonSize - 4).littleEndianBytes + UInt32(0).littleEndianBytes
    bytes += [1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0]
    for gate in gates {
      bytes += head(
        size: gateSize, at: start + UInt64(bytes.count), code: gate..<(gate + X86_64Gate.length), start: start)
      // Behind the push: CFA is rsp + 16 and r11 lies 16 below it; behind the pop both are as before.
      bytes += [0x42, 0x0e, 16, 0x8b, 2, 0x4e, 0x0e, 8, 0xcb, 0, 0]
    }
    if !stubs.isEmpty {
      bytes += head(size: stubsSize, at: start + UInt64(bytes.count), code: stubs, start: start) + [0, 0, 0]
    }
    return bytes
  }

  /// The beginning of a record for some code: length, distance back to the common record, the code, no augmentation.
  private static func head(size: UInt64, at record: UInt64, code: Range<UInt64>, start: UInt64) -> [UInt8] {
    UInt32(size - 4).littleEndianBytes + UInt32(record + 4 - start).littleEndianBytes
      + UInt32(truncatingIfNeeded: code.lowerBound &- (record + 8)).littleEndianBytes
      + UInt32(code.upperBound - code.lowerBound).littleEndianBytes + [0]
  }
}
