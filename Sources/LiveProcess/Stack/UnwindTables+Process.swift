package import Patch

extension UnwindTables {
  /// The most bytes of one object's tables that are read.
  private static let sizeLimit: UInt64 = 256 << 20

  /// Reads the call-frame information of everything that a process has mapped, from its memory.
  ///
  /// An object whose tables are missing or damaged is left out: a walk ends there.
  ///
  /// `map`: the process's mappings.
  /// `images`: our own images: their code, and where their `.eh_frame` lies.
  /// `copies`: moved instructions, and where they were.
  package init(
    of map: MemoryMap, memory: borrowing RemoteMemory,
    images: [(code: Range<RemoteAddress>, unwind: Range<RemoteAddress>)],
    copies: [RemoteAddress: RemoteAddress] = [:]
  ) {
    var tables: [UnwindTable] = []
    var bases: Set<RemoteAddress> = []
    for (index, mapping) in map.mappings.enumerated() where mapping.permissions.isSuperset(of: [.read, .execute]) {
      if images.contains(where: { $0.code.overlaps(mapping.range) }) { continue }
      guard let base = Self.base(of: index, in: map), bases.insert(base).inserted else { continue }
      if let table = Self.table(ofObjectAt: base, memory: memory, map: map) { tables.append(table) }
    }
    for image in images {
      guard let frames = Self.bytes(image.unwind, memory: memory),
        let table = try? UnwindTable(code: image.code, frames: frames)
      else { continue }  // Without its table a walk ends in the image, and what lies above counts as in use.
      tables.append(table)
    }
    self.init(tables, copies: copies)
  }

  /// Where the object of an executable mapping begins: the mapping of its file's first byte.
  private static func base(of index: Int, in map: MemoryMap) -> RemoteAddress? {
    let mapping = map.mappings[index]
    guard let file = mapping.file else { return mapping.path == "[vdso]" ? mapping.range.lowerBound : nil }
    return map.mappings[...index].last { $0.file == file && $0.offset == 0 }?.range.lowerBound
  }

  /// The table of the object whose ELF header lies at an address; nil when it has none.
  private static func table(
    ofObjectAt base: RemoteAddress, memory: borrowing RemoteMemory, map: MemoryMap
  ) -> UnwindTable? {
    guard let object = try? RemoteELF(headerAt: base, memory: memory) else { return nil }
    guard let headerRange = object.unwindTable else {
      guard let range = sectionOfFrames(of: object, mapping: map.mapping(at: base), process: memory.process),
        let frames = bytes(range, memory: memory)
      else { return nil }
      return try? UnwindTable(code: object.range, frames: frames)
    }
    guard let header = bytes(headerRange, memory: memory) else { return nil }
    var frames: UnwindBytes?
    // The pointer to `.eh_frame` comes first; it is read here, as the memory cannot be lent to a closure.
    var cursor = DwarfCursor(header, from: 1, to: header.bytes.count)
    if let encoding = try? cursor.byte(), (try? cursor.skip(2)) != nil,
      let start = try? cursor.pointer(encoding: encoding, dataBase: headerRange.lowerBound.value),
      let end = object.endOfFileContent(around: RemoteAddress(start))
    {
      frames = bytes(RemoteAddress(start)..<end, memory: memory)
    }
    return try? UnwindTable(
      code: object.range, header: header, readFrames: { start in frames?.start == start ? frames : nil })
  }

  private static func bytes(_ range: Range<RemoteAddress>, memory: borrowing RemoteMemory) -> UnwindBytes? {
    let size = range.upperBound.value - range.lowerBound.value
    guard size <= sizeLimit, let bytes = try? memory.read(Int(size), at: range.lowerBound) else { return nil }
    return UnwindBytes(start: range.lowerBound, bytes: bytes)
  }

  /// Where `.eh_frame` of an object without a search table lies, as its section headers say: gcc links static
  /// executables so.
  ///
  /// The file is the mapped one itself, whatever its path names now (proc(5), map_files).
  private static func sectionOfFrames(
    of object: RemoteELF, mapping: Mapping?, process: ProcessID
  ) -> Range<RemoteAddress>? {
    guard let mapping, mapping.file != nil else { return nil }
    let start = String(mapping.range.lowerBound.value, radix: 16)
    let end = String(mapping.range.upperBound.value, radix: 16)
    guard let file = try? ElfFile(path: "/proc/\(process)/map_files/\(start)-\(end)"),
      let section = file.section(named: ".eh_frame"), let address = section.address.loaded(bias: object.loadBias),
      let behind = address.advanced(by: section.size), object.range.contains(address), behind <= object.range.upperBound
    else { return nil }
    return address..<behind
  }
}
