internal import CElf
package import Patch

/// An executable or library as a process has it mapped, read from the process's memory.
///
/// Whatever the memory holds, reading ends: every extent is checked to lie within the image, every count has a limit.
package struct RemoteELF: Equatable, Sendable {
  /// Where the ELF header lies.
  package let header: RemoteAddress
  /// `e_type`.
  package let type: UInt16
  /// The program headers, in their order.
  package let segments: [ElfSegment]
  /// What the link-time addresses are shifted by.
  package let loadBias: UInt64
  /// From the lowest page of a `PT_LOAD` to behind the highest.
  package let range: Range<RemoteAddress>
  /// The dynamic section's entries that matter; nil for a static executable.
  package let dynamic: RemoteDynamic?

  /// The most program headers that are accepted.
  static let segmentLimit = 512
  /// The most that is read of one table, in bytes.
  static let tableLimit: UInt64 = 256 << 20

  /// Reads the image of a binary that a scan found.
  package init(binary: MappedBinary, memory: borrowing RemoteMemory) throws(DamagedImage) {
    try self.init(headerAt: binary.range.lowerBound, memory: memory)
  }

  /// Reads the image whose ELF header lies at an address.
  package init(headerAt header: RemoteAddress, memory: borrowing RemoteMemory) throws(DamagedImage) {
    let bytes = try memory.bytes(64, at: header)
    // Magic, 64 bits, little-endian, current version.
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) else { throw .field("e_ident", at: header) }
    guard let type = bytes.little(UInt16.self, at: 16), type == ET_EXEC || type == ET_DYN,
      bytes.little(UInt16.self, at: 18) == UInt16(EM_X86_64)
    else { throw .field("e_type", at: header) }
    guard let place = bytes.little(UInt64.self, at: 32), let table = header.advanced(by: place),
      let size = bytes.little(UInt16.self, at: 54), size == 56, let count = bytes.little(UInt16.self, at: 56),
      (1...RemoteELF.segmentLimit).contains(Int(count)), place < 1 << 30
    else { throw .field("e_phoff", at: header) }
    let segments = RemoteELF.segments(try memory.bytes(Int(count) * 56, at: table))

    // The PT_LOAD that holds the file's first byte says where link-time addresses lie; the pages of all say how far.
    let page: UInt64 = 4096
    var lowest = UInt64.max
    var highest: UInt64 = 0
    var bias: UInt64?
    for segment in segments where segment.type == PT_LOAD && segment.memorySize > 0 {
      let (end, overflow) = segment.address.value.addingReportingOverflow(segment.memorySize)
      guard !overflow, end <= 1 << 56 else { throw .field("p_memsz", at: table) }
      lowest = min(lowest, segment.address.value & ~(page - 1))
      highest = max(highest, (end + page - 1) & ~(page - 1))
      if bias == nil, segment.offset < page, segment.address.value >= segment.offset {
        bias = header.value &- (segment.address.value - segment.offset)
      }
    }
    guard let bias, lowest < highest, highest - lowest <= 1 << 40 else { throw .field("PT_LOAD", at: table) }
    let start = lowest &+ bias
    guard start &+ (highest - lowest) > start, start <= header.value else { throw .field("PT_LOAD", at: table) }
    self.header = header
    self.type = type
    self.segments = segments
    loadBias = bias
    range = RemoteAddress(start)..<RemoteAddress(start + (highest - lowest))
    if let segment = segments.first(where: { $0.type == PT_DYNAMIC }) {
      dynamic = try RemoteDynamic(segment: segment, loadBias: bias, range: range, memory: memory)
    } else {
      dynamic = nil
    }
  }

  private static func segments(_ bytes: [UInt8]) -> [ElfSegment] {
    stride(from: 0, to: bytes.count, by: 56).compactMap { at in
      guard let type = bytes.little(UInt32.self, at: at), let flags = bytes.little(UInt32.self, at: at + 4),
        let offset = bytes.little(UInt64.self, at: at + 8), let address = bytes.little(UInt64.self, at: at + 16),
        let fileSize = bytes.little(UInt64.self, at: at + 32), let memorySize = bytes.little(UInt64.self, at: at + 40),
        let alignment = bytes.little(UInt64.self, at: at + 48)
      else { return nil }
      return ElfSegment(
        type: type, flags: flags, offset: offset, address: LinkAddress(address), fileSize: fileSize,
        memorySize: memorySize, alignment: alignment)
    }
  }

  /// The segments of a type, as they lie in the process.
  package func ranges(ofType type: UInt32, flags: UInt32 = 0) -> [Range<RemoteAddress>] {
    segments.compactMap { segment in
      guard segment.type == type, segment.flags & flags == flags, segment.memorySize > 0,
        let start = segment.address.loaded(bias: loadBias), let end = start.advanced(by: segment.memorySize),
        range.contains(start), end <= range.upperBound
      else { return nil }
      return start..<end
    }
  }

  /// The end of what the file fills of the `PT_LOAD` segment that holds an address.
  func endOfFileContent(around address: RemoteAddress) -> RemoteAddress? {
    for segment in segments where segment.type == PT_LOAD {
      guard let start = segment.address.loaded(bias: loadBias), let end = start.advanced(by: segment.fileSize),
        start <= address, address < end
      else { continue }
      return end
    }
    return nil
  }

  /// Where the code is: the executable `PT_LOAD` segments.
  package var textRanges: [Range<RemoteAddress>] { ranges(ofType: UInt32(PT_LOAD), flags: UInt32(PF_X)) }

  /// The table that leads to the call-frame information (`PT_GNU_EH_FRAME`); nil when the image has none.
  package var unwindTable: Range<RemoteAddress>? { ranges(ofType: UInt32(PT_GNU_EH_FRAME)).first }

  /// The program interpreter (`PT_INTERP`), such as `/lib64/ld-linux-x86-64.so.2`; nil when there is none.
  package func interpreter(memory: borrowing RemoteMemory) throws(DamagedImage) -> String? {
    guard let place = ranges(ofType: UInt32(PT_INTERP)).first else { return nil }
    let count = Int(min(place.upperBound.value - place.lowerBound.value, 4096))
    let bytes = try memory.bytes(count, at: place.lowerBound)
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The build-id of the image's notes; nil when it has none.
  package func buildID(memory: borrowing RemoteMemory) throws(DamagedImage) -> BuildID? {
    for segment in segments where segment.type == PT_NOTE && (1...(1 << 20)).contains(segment.memorySize) {
      guard let start = segment.address.loaded(bias: loadBias), range.contains(start) else { continue }
      let notes = try memory.bytes(Int(segment.memorySize), at: start)
      if let found = BuildID(notes: notes, alignment: segment.alignment == 8 ? 8 : 4) { return found }
    }
    return nil
  }

  /// Bytes of a table of the image, all of which must lie within it.
  func table(
    _ name: String, at start: RemoteAddress, count: UInt64, memory: borrowing RemoteMemory
  ) throws(DamagedImage) -> [UInt8] {
    guard count <= RemoteELF.tableLimit, range.contains(start), count <= range.upperBound.value - start.value else {
      throw .field(name, at: start)
    }
    return try memory.bytes(Int(count), at: start)
  }
}

extension RemoteMemory {
  /// Reads exactly some bytes, as part of an image.
  func bytes(_ count: Int, at address: RemoteAddress) throws(DamagedImage) -> [UInt8] {
    do throws(MemoryAccessFailed) {
      return try read(count, at: address)
    } catch {
      throw .memory(error)
    }
  }
}
