internal import CElf
internal import Patch

/// What the call-frame information calls functions: known in stripped files too, where it is the only thing that says where the parts of
/// a function begin and end.
struct UnwindRanges: Sendable {
  /// By address.
  private let ranges: [Range<UInt64>]

  /// Reads the search table of the file; none of it where there is no table, or one of another form than linkers make.
  init(_ target: TargetImage) {
    var found: [Range<UInt64>] = []
    // Version 1, the pointer in any form of 4 bytes, the count as udata4, the table as sdata4 from the table's own address (LSB, .eh_frame_hdr).
    if let segment = target.elf.segments.first(where: { $0.type == UInt32(PT_GNU_EH_FRAME) }), segment.fileSize >= 12,
      // What cannot be read is as what is not there: nothing is known of the parts.
      let table = try? target.elf.content(at: segment.address, count: segment.fileSize),
      table.starts(with: [1, 0x1b, 0x03, 0x3b]), let count = table.little(UInt32.self, at: 8)
    {
      let start = segment.address.value
      for index in 0..<min(Int(count), (table.count - 12) / 8) {
        guard let offset = table.little(Int32.self, at: 12 + index * 8),
          let record = table.little(Int32.self, at: 16 + index * 8),
          let range = UnwindRanges.range(
            at: start &+ UInt64(bitPattern: Int64(record)), beginning: start &+ UInt64(bitPattern: Int64(offset)),
            target)
        else { continue }
        found.append(range)
      }
    }
    ranges = found.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// The range of one record, whose beginning the table names; nil where the record says something else.
  private static func range(at record: UInt64, beginning: UInt64, _ target: TargetImage) -> Range<UInt64>? {
    guard let segment = (target.data + target.code).first(where: { $0.range.contains(record) }) else { return nil }
    let at = Int(record - segment.address)
    // Length, pointer to the CIE, then the beginning as a distance from its own place, and the size.
    guard let distance = segment.bytes.little(Int32.self, at: at + 8),
      record &+ 8 &+ UInt64(bitPattern: Int64(distance)) == beginning,
      let size = segment.bytes.little(UInt32.self, at: at + 12), size > 0
    else { return nil }
    let (end, overflow) = beginning.addingReportingOverflow(UInt64(size))
    return overflow ? nil : beginning..<end
  }

  /// The range that holds an address; nil where none does.
  func range(holding address: UInt64) -> Range<UInt64>? {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].lowerBound <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, ranges[low - 1].contains(address) else { return nil }
    return ranges[low - 1]
  }
}
