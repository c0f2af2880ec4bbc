/// One entry of `.eh_frame`: the code that it describes and its instructions (LSB core 5.0, 10.6.1).
struct CallFrameEntry {
  var code: Range<UInt64>
  var instructions: Range<Int>
  var common: CommonEntry

  /// What several entries share (a CIE).
  struct CommonEntry {
    var codeAlignment: UInt64
    var dataAlignment: Int64
    var returnRegister: UInt64
    var pointerEncoding: UInt8 = 0
    var hasAugmentationData = false
    var isSignalFrame = false
    var instructions: Range<Int>
  }

  /// The head of an entry: its kind and extent.
  struct Head {
    var isCommon: Bool
    /// For a description: the offset of its common entry.
    var commonOffset: Int
    var content: Int
    var end: Int
  }

  /// The head of the entry at an offset; nil at the terminator.
  static func head(in table: UnwindBytes, at offset: Int) throws(DamagedUnwindTable) -> Head? {
    var cursor = DwarfCursor(table, from: offset, to: table.bytes.count)
    var length = UInt64(try cursor.little(UInt32.self))
    if length == 0 { return nil }
    if length == 0xffff_ffff { length = try cursor.little(UInt64.self) }
    guard let size = Int(exactly: length), size >= 4, size <= cursor.limit - cursor.offset else {
      throw cursor.damaged("entry length")
    }
    let pointerOffset = cursor.offset
    let pointer = Int(try cursor.little(UInt32.self))
    guard pointer <= pointerOffset else { throw cursor.damaged("CIE pointer") }
    return Head(
      isCommon: pointer == 0, commonOffset: pointerOffset - pointer, content: cursor.offset, end: pointerOffset + size)
  }

  /// The description at an offset.
  static func description(in table: UnwindBytes, at offset: Int) throws(DamagedUnwindTable) -> CallFrameEntry {
    guard let head = try head(in: table, at: offset), !head.isCommon else {
      throw DwarfCursor(table, from: offset, to: 0).damaged("FDE")
    }
    var cursor = DwarfCursor(table, from: head.content, to: head.end)
    let common = try common(in: table, at: head.commonOffset)
    guard let start = try cursor.pointer(encoding: common.pointerEncoding, dataBase: 0),
      let size = try cursor.pointer(encoding: common.pointerEncoding & 0x0f, dataBase: 0)
    else { throw cursor.damaged("code range") }
    let (end, overflow) = start.addingReportingOverflow(size)
    guard !overflow else { throw cursor.damaged("code range") }
    if common.hasAugmentationData { try cursor.skip(try cursor.blockLength()) }
    return CallFrameEntry(code: start..<end, instructions: cursor.offset..<head.end, common: common)
  }

  private static func common(in table: UnwindBytes, at offset: Int) throws(DamagedUnwindTable) -> CommonEntry {
    guard let head = try head(in: table, at: offset), head.isCommon else {
      throw DwarfCursor(table, from: offset, to: 0).damaged("CIE")
    }
    var cursor = DwarfCursor(table, from: head.content, to: head.end)
    let version = try cursor.byte()
    guard version == 1 || version == 3 else { throw cursor.damaged("CIE version") }
    var augmentation: [UInt8] = []
    while true {
      let letter = try cursor.byte()
      if letter == 0 { break }
      augmentation.append(letter)
      guard augmentation.count <= 16 else { throw cursor.damaged("augmentation") }
    }
    let codeAlignment = try cursor.unsigned()
    let dataAlignment = try cursor.signed()
    let returnRegister = version == 1 ? UInt64(try cursor.byte()) : try cursor.unsigned()
    var entry = CommonEntry(
      codeAlignment: codeAlignment, dataAlignment: dataAlignment, returnRegister: returnRegister, instructions: 0..<0)
    guard returnRegister == CallFrameRow.returnAddress else { throw cursor.damaged("return address column") }
    if augmentation.first == UInt8(ascii: "z") {
      entry.hasAugmentationData = true
      let length = try cursor.blockLength()
      let end = cursor.offset + length
      reading: for letter in augmentation.dropFirst() {
        switch letter {
        case UInt8(ascii: "R"): entry.pointerEncoding = try cursor.byte()
        case UInt8(ascii: "L"): _ = try cursor.byte()
        case UInt8(ascii: "P"):
          let encoding = try cursor.byte()
          // The personality's slot is not of interest, its size is: `indirect` is a flag on top of the encoding.
          _ = try cursor.pointer(encoding: encoding & 0x7f, dataBase: 0)
        case UInt8(ascii: "S"): entry.isSignalFrame = true
        case UInt8(ascii: "B"): break
        default: break reading  // unknown, and its data with it: the length says where the instructions begin
        }
      }
      guard cursor.offset <= end else { throw cursor.damaged("augmentation data") }
      try cursor.skip(end - cursor.offset)
    } else if !augmentation.isEmpty {
      throw cursor.damaged("augmentation")
    }
    entry.instructions = cursor.offset..<head.end
    return entry
  }
}
