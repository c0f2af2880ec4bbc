internal import CElf

extension ElfFile {
  /// The first section of a name; nil when there is none.
  package func section(named name: String) -> ElfSection? { sections.first { $0.name == name } }

  /// A section's bytes in the file; empty for `SHT_NOBITS`.
  package func content(of section: ElfSection) throws(DamagedElf) -> [UInt8] {
    guard section.type != SHT_NOBITS, section.type != SHT_NULL else { return [] }
    return try source.read("section \(section.index) (\(section.name))", at: section.offset, count: section.size)
  }

  /// Bytes of the loaded file by their link-time address, from the `PT_LOAD` that holds all of them; what lies behind
  /// the file's part of a segment is zero.
  package func content(at address: LinkAddress, count: UInt64) throws(DamagedElf) -> [UInt8] {
    for segment in segments where segment.type == PT_LOAD && segment.address <= address {
      let into = address.value - segment.address.value
      let (end, overflow) = into.addingReportingOverflow(count)
      guard !overflow, end <= segment.memorySize, count <= ElfSource.pieceLimit else { continue }
      let (offset, tooFar) = segment.offset.addingReportingOverflow(into)
      guard !tooFar else { continue }
      let inFile = into < segment.fileSize ? min(count, segment.fileSize - into) : 0
      let bytes = inFile == 0 ? [] : try source.read("address \(address)", at: offset, count: inFile)
      return bytes + [UInt8](repeating: 0, count: Int(count - inFile))
    }
    throw DamagedElf(
      field: "address \(address)", found: "\(count) bytes", allowed: "bytes that one PT_LOAD segment holds")
  }

  /// The build-id of the `NT_GNU_BUILD_ID` note; nil when there is none.
  package func buildID() throws(DamagedElf) -> BuildID? {
    let places =
      segments.filter { $0.type == PT_NOTE }.map { (offset: $0.offset, size: $0.fileSize, align: $0.alignment) }
      + sections.filter { $0.type == SHT_NOTE }.map { (offset: $0.offset, size: $0.size, align: $0.alignment) }
    for place in places where place.size <= 1 << 20 {
      let bytes = try source.read("notes", at: place.offset, count: place.size)
      if let found = BuildID(notes: bytes, alignment: place.align == 8 ? 8 : 4) { return found }
    }
    return nil
  }

  /// The name and CRC-32 of the separate debug file (`.gnu_debuglink`); nil when the file names none.
  package func debugLink() throws(DamagedElf) -> (name: String, crc: UInt32)? {
    guard let section = section(named: ".gnu_debuglink"), section.size <= 4096 + 8 else { return nil }
    let bytes = try content(of: section)
    guard let end = bytes.firstIndex(of: 0), end > 0,
      let name = String(validating: bytes[..<end], as: UTF8.self),
      let crc = bytes.little(UInt32.self, at: (end + 4) & ~3)
    else {
      throw DamagedElf(
        field: ".gnu_debuglink", offset: section.offset, found: bytes.prefix(32).hexadecimal,
        allowed: "a name, a zero byte, padding to 4 bytes and a CRC-32")
    }
    return (name, crc)
  }
}

extension BuildID {
  /// The build-id among notes (`Elf64_Nhdr`: three words, the name, the descriptor, each padded); nil when there is none.
  ///
  /// - Parameters:
  ///   - notes: the segment's or the section's bytes.
  ///   - alignment: what names and descriptors are padded to: 4, or 8 in a segment that is aligned so.
  package init?(notes: [UInt8], alignment: Int) {
    var at = 0
    while let nameSize = notes.little(UInt32.self, at: at), let size = notes.little(UInt32.self, at: at + 4),
      let type = notes.little(UInt32.self, at: at + 8)
    {
      let nameStart = at + 12
      let start = (nameStart + Int(nameSize) + alignment - 1) & ~(alignment - 1)
      let end = start + Int(size)
      guard end <= notes.count else { return nil }
      if type == NT_GNU_BUILD_ID, notes[nameStart..<(nameStart + Int(nameSize))].elementsEqual([0x47, 0x4e, 0x55, 0]) {
        self.init(bytes: notes[start..<end])
        return
      }
      at = (end + alignment - 1) & ~(alignment - 1)
    }
    return nil
  }
}
