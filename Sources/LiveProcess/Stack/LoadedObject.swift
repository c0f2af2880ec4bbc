internal import Patch

/// The program headers of an ELF object as it lies in a process's memory (elf(5)): where its parts are.
struct LoadedObject {
  /// From its lowest mapped address to behind the highest.
  let range: Range<RemoteAddress>
  /// The `PT_GNU_EH_FRAME` segment.
  let unwindHeader: Range<RemoteAddress>?
  /// What its link-time addresses are shifted by.
  let bias: UInt64
  private let segments: [Range<RemoteAddress>]

  /// Reads the headers at the mapping of the file's first byte; nil when no 64-bit x86-64 object lies there.
  init?(at base: RemoteAddress, memory: borrowing RemoteMemory) {
    guard let header = try? memory.read(64, at: base) else { return nil }
    var cursor = DwarfCursor(UnwindBytes(start: base, bytes: header), from: 0, to: header.count)
    // \x7fELF, ELFCLASS64, ELFDATA2LSB; EM_X86_64 at 18; e_phoff at 32; e_phentsize and e_phnum at 54.
    guard let identification = try? cursor.little(UInt64.self), identification & 0xffff_ffff_ffff == 0x0102_464c_457f,
      (try? cursor.skip(10)) != nil, let machine = try? cursor.little(UInt16.self), machine == 62,
      (try? cursor.skip(12)) != nil, let headersOffset = try? cursor.little(UInt64.self),
      (try? cursor.skip(14)) != nil, let entrySize = try? cursor.little(UInt16.self), entrySize == 56,
      let count = try? cursor.little(UInt16.self), (1...1024).contains(count),
      let headersAddress = base.advanced(by: headersOffset),
      let headers = try? memory.read(Int(count) * 56, at: headersAddress)
    else { return nil }
    let table = UnwindBytes(start: headersAddress, bytes: headers)
    var loads: [(address: UInt64, offset: UInt64, fileSize: UInt64, size: UInt64)] = []
    var unwind: (address: UInt64, size: UInt64)?
    for index in 0..<Int(count) {
      var entry = DwarfCursor(table, from: index * 56, to: (index + 1) * 56)
      guard let type = try? entry.little(UInt32.self), (try? entry.skip(4)) != nil,
        let offset = try? entry.little(UInt64.self), let address = try? entry.little(UInt64.self),
        (try? entry.skip(8)) != nil, let fileSize = try? entry.little(UInt64.self),
        let size = try? entry.little(UInt64.self)
      else { return nil }
      if type == 1 { loads.append((address, offset, fileSize, size)) }
      if type == 0x6474_e550 { unwind = (address, size) }
    }
    guard let first = loads.first(where: { $0.offset & ~0xfff == 0 }) else { return nil }
    let bias = base.value &- (first.address & ~0xfff)
    self.bias = bias
    func part(_ address: UInt64, _ size: UInt64) -> Range<RemoteAddress>? {
      let start = bias &+ address
      let (end, overflow) = start.addingReportingOverflow(size)
      return overflow ? nil : RemoteAddress(start)..<RemoteAddress(end)
    }
    segments = loads.compactMap { part($0.address, $0.fileSize) }
    let extents = loads.compactMap { part($0.address, $0.size) }
    guard let low = extents.map(\.lowerBound).min(), let high = extents.map(\.upperBound).max() else { return nil }
    range = low..<high
    unwindHeader = unwind.flatMap { part($0.address, $0.size) }
  }

  /// The end of what the file fills of the segment that holds an address.
  func endOfSegment(holding address: RemoteAddress) -> RemoteAddress? {
    segments.first { $0.contains(address) }?.upperBound
  }
}
