/// A string table: zero-terminated strings by offset.
struct ElfStrings {
  private let bytes: [UInt8]
  private let fileOffset: UInt64

  init(bytes: [UInt8], fileOffset: UInt64) {
    self.bytes = bytes
    self.fileOffset = fileOffset
  }

  init(_ source: ElfSource, _ name: String, at offset: UInt64, count: UInt64) throws(DamagedElf) {
    bytes = try source.read(name, at: offset, count: count)
    fileOffset = offset
  }

  /// The string at an offset, which must end within the table, be UTF-8 and not be longer than a limit.
  func string(
    _ field: @autoclosure () -> String, at offset: UInt32, limit nameLimit: Int = ElfFile.nameLimit
  ) throws(DamagedElf) -> String {
    let start = Int(offset)
    // A file without names may have an empty table; offset 0 is the empty name everywhere.
    if start == 0 && bytes.isEmpty { return "" }
    guard start < bytes.count else {
      throw DamagedElf(
        field: field(), offset: fileOffset, found: "name at offset \(offset)",
        allowed: "an offset below \(bytes.count), the size of the string table")
    }
    let limit = Swift.min(bytes.count, start + nameLimit + 1)
    guard let end = bytes[start..<limit].firstIndex(of: 0) else {
      throw DamagedElf(
        field: field(), offset: fileOffset + UInt64(start), found: "a name without an end",
        allowed: "at most \(nameLimit) bytes and a zero byte")
    }
    guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
      throw DamagedElf(
        field: field(), offset: fileOffset + UInt64(start), found: bytes[start..<end].prefix(32).hexadecimal,
        allowed: "UTF-8")
    }
    return text
  }
}
