extension FixedWidthInteger {
  /// The bytes of the number, the lowest first.
  package var littleEndianBytes: [UInt8] {
    (0..<(Self.bitWidth / 8)).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
  }
}

extension [UInt8] {
  /// The little-endian number at an offset; nil when it does not lie wholly within the bytes.
  package func little<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T? {
    let size = T.bitWidth / 8
    guard offset >= 0, count >= size, offset <= count - size else { return nil }
    var value: T = 0
    for index in stride(from: size - 1, through: 0, by: -1) {
      value = value << 8 | T(truncatingIfNeeded: self[offset + index])
    }
    return value
  }

  /// Writes a number at an offset that the caller knows to be within the bytes.
  mutating func write(_ value: some FixedWidthInteger, at offset: Int) {
    for (index, byte) in value.littleEndianBytes.enumerated() { self[offset + index] = byte }
  }
}
