package import Patch

extension UnwindTables {
  /// The most bytes of one object's tables that are read.
  private static let sizeLimit: UInt64 = 256 << 20

  /// Reads the call-frame information of everything that a process has mapped, from its memory.
  ///
  /// An object whose tables are missing or damaged is left out: a walk ends there.
  ///
  /// - Parameters:
  ///   - map: the process's mappings.
  ///   - images: our own images: their code, and where their `.eh_frame` lies.
  ///   - copies: moved instructions, and where they were.
  package init(
    of map: MemoryMap, memory: borrowing RemoteMemory, images: [(code: Range<RemoteAddress>, unwind: Range<RemoteAddress>)],
    copies: [RemoteAddress: RemoteAddress] = [:]
  ) {
    var tables: [UnwindTable] = []
    var bases: Set<RemoteAddress> = []
    for (index, mapping) in map.mappings.enumerated() where mapping.permissions.isSuperset(of: [.read, .execute]) {
      if images.contains(where: { $0.code.overlaps(mapping.range) }) { continue }
      guard let base = Self.base(of: index, in: map), bases.insert(base).inserted else { continue }
      if let table = Self.table(ofObjectAt: base, memory: memory) { tables.append(table) }
    }
    for image in images {
      let size = image.unwind.upperBound.value - image.unwind.lowerBound.value
      guard size <= Self.sizeLimit, let bytes = try? memory.read(Int(size), at: image.unwind.lowerBound),
        let table = try? UnwindTable(
          code: image.code, frames: UnwindBytes(start: image.unwind.lowerBound, bytes: bytes))
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
  private static func table(ofObjectAt base: RemoteAddress, memory: borrowing RemoteMemory) -> UnwindTable? {
    guard let object = LoadedObject(at: base, memory: memory), let headerRange = object.unwindHeader,
      let size = Int(exactly: headerRange.upperBound.value - headerRange.lowerBound.value), size <= Int(sizeLimit),
      let header = try? memory.read(size, at: headerRange.lowerBound)
    else { return nil }
    var frames: UnwindBytes?
    // The pointer to `.eh_frame` comes first; it is read here, as the memory cannot be lent to a closure.
    var cursor = DwarfCursor(UnwindBytes(start: headerRange.lowerBound, bytes: header), from: 1, to: header.count)
    if let encoding = try? cursor.byte(), (try? cursor.skip(2)) != nil,
      let start = try? cursor.pointer(encoding: encoding, dataBase: headerRange.lowerBound.value),
      let end = object.endOfSegment(holding: RemoteAddress(start)), end.value - start <= sizeLimit,
      let bytes = try? memory.read(Int(end.value - start), at: RemoteAddress(start))
    {
      frames = UnwindBytes(start: RemoteAddress(start), bytes: bytes)
    }
    return try? UnwindTable(
      code: object.range, header: UnwindBytes(start: headerRange.lowerBound, bytes: header),
      readFrames: { start in frames?.start == start ? frames : nil })
  }
}
