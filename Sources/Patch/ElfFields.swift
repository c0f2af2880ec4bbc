/// Bytes of a file from which fields are read, each checked to lie within them.
struct ElfFields {
  let bytes: [UInt8]
  /// Where the bytes begin in the file.
  let fileOffset: UInt64
  /// What they are, for the error.
  let name: String

  /// The number at an offset in the bytes.
  func little<T: FixedWidthInteger>(_ field: String, at offset: Int) throws(DamagedElf) -> T {
    guard let value = bytes.little(T.self, at: offset) else {
      throw DamagedElf(
        field: "\(name) \(field)", offset: fileOffset &+ UInt64(clamping: offset),
        found: "\(T.bitWidth / 8) bytes at \(offset)", allowed: "what lies within \(bytes.count) bytes")
    }
    return value
  }

  /// Checks that certain bytes stand at an offset.
  func expect(_ field: String, at offset: Int, _ wanted: [UInt8], allowed: String) throws(DamagedElf) {
    let found = Array(bytes.dropFirst(offset).prefix(wanted.count))
    guard found == wanted else {
      throw DamagedElf(
        field: "\(name) \(field)", offset: fileOffset &+ UInt64(clamping: offset), found: found.hexadecimal,
        allowed: allowed)
    }
  }
}
