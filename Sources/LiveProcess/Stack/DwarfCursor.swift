internal import Patch

/// Reads DWARF's encodings out of bytes of another process; it never reads beyond its limit.
///
/// Encodings: DWARF 5, 7.6 (LEB128); LSB core 5.0, 10.5.1 (`DW_EH_PE_*` pointers).
struct DwarfCursor {
  /// The bytes of a table and where they lie in the process.
  let table: UnwindBytes
  private(set) var offset: Int
  let limit: Int

  init(_ table: UnwindBytes, from offset: Int, to limit: Int) {
    self.table = table
    self.limit = max(0, min(limit, table.bytes.count))
    self.offset = max(0, offset)
  }

  /// Where the next byte lies in the process.
  var address: UInt64 { table.start.value &+ UInt64(offset) }
  var isAtEnd: Bool { offset >= limit }

  func damaged(_ field: String) -> DamagedUnwindTable {
    DamagedUnwindTable(field: field, at: RemoteAddress(address))
  }

  mutating func skip(_ count: Int) throws(DamagedUnwindTable) {
    guard count >= 0, count <= limit - offset else { throw damaged("length") }
    offset += count
  }

  mutating func byte() throws(DamagedUnwindTable) -> UInt8 {
    guard offset < limit else { throw damaged("byte") }
    defer { offset += 1 }
    return table.bytes[offset]
  }

  mutating func little<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(DamagedUnwindTable) -> T {
    let size = MemoryLayout<T>.size
    guard size <= limit - offset else { throw damaged("\(size) bytes") }
    defer { offset += size }
    // SAFETY: the guard keeps all of T inside the array.
    return T(littleEndian: unsafe table.bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// A ULEB128 number; bits beyond 64 are an error.
  mutating func unsigned() throws(DamagedUnwindTable) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      guard shift < 64, shift < 63 || next & 0x7e == 0 else { throw damaged("uleb128") }
      result |= UInt64(next & 0x7f) << shift
      if next & 0x80 == 0 { return result }
      shift += 7
    }
  }

  /// An SLEB128 number; more than ten bytes are an error.
  mutating func signed() throws(DamagedUnwindTable) -> Int64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      guard shift < 64 else { throw damaged("sleb128") }
      result |= UInt64(next & 0x7f) << shift
      shift += 7
      if next & 0x80 == 0 {
        if next & 0x40 != 0, shift < 64 { result |= ~UInt64(0) << shift }
        return Int64(bitPattern: result)
      }
    }
  }

  /// The length of a block that must lie inside the limit.
  mutating func blockLength() throws(DamagedUnwindTable) -> Int {
    let length = try unsigned()
    guard let count = Int(exactly: length), count <= limit - offset else { throw damaged("block length") }
    return count
  }

  /// A pointer in one of the encodings that `.eh_frame` uses; nil for `DW_EH_PE_omit`.
  ///
  /// `dataBase`: what `DW_EH_PE_datarel` counts from.
  mutating func pointer(encoding: UInt8, dataBase: UInt64) throws(DamagedUnwindTable) -> UInt64? {
    if encoding == 0xff { return nil }
    let base: UInt64
    switch encoding & 0x70 {
    case 0x00: base = 0
    case 0x10: base = address
    case 0x30: base = dataBase
    default: throw damaged("pointer encoding")
    }
    let value: UInt64
    switch encoding & 0x0f {
    case 0x00, 0x04, 0x0c: value = try little(UInt64.self)
    case 0x01: value = try unsigned()
    case 0x02: value = UInt64(try little(UInt16.self))
    case 0x03: value = UInt64(try little(UInt32.self))
    case 0x09: value = UInt64(bitPattern: try signed())
    case 0x0a: value = UInt64(bitPattern: Int64(try little(Int16.self)))
    case 0x0b: value = UInt64(bitPattern: Int64(try little(Int32.self)))
    default: throw damaged("pointer encoding")
    }
    return base &+ value
  }
}
