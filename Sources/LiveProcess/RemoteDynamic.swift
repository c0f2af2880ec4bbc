internal import CElf
package import Patch

/// The dynamic section of an image in memory: where its tables lie.
package struct RemoteDynamic: Equatable, Sendable {
  /// Where the section itself lies (`l_ld` of the link map).
  package let place: RemoteAddress
  /// `DT_SYMTAB`, `DT_STRTAB`, `DT_STRSZ`.
  package let symbols: RemoteAddress?
  package let strings: RemoteAddress?
  package let stringsSize: UInt64
  /// `DT_GNU_HASH`, `DT_HASH`: from which the number of symbols follows.
  package let gnuHash: RemoteAddress?
  package let hash: RemoteAddress?
  /// `DT_VERSYM`, `DT_VERDEF`, `DT_VERNEED`, with the number of records of the last two.
  package let versions: RemoteAddress?
  package let definitions: RemoteAddress?
  package let definitionCount: UInt64
  package let needs: RemoteAddress?
  package let needCount: UInt64
  /// `DT_RELA` and `DT_JMPREL`: relocations of 24 bytes each.
  package let relocations: (start: RemoteAddress, size: UInt64)?
  package let pltRelocations: (start: RemoteAddress, size: UInt64)?
  /// Where `DT_DEBUG` leads: `struct r_debug` of the dynamic linker; nil where it has not been filled in.
  package let debug: RemoteAddress?
  /// `DT_SONAME` and `DT_NEEDED`, as offsets of the string table.
  package let sonameOffset: UInt64?
  package let neededOffsets: [UInt64]

  /// The most entries that are read.
  static let entryLimit: UInt64 = 16_384

  init(
    segment: ElfSegment, loadBias: UInt64, range: Range<RemoteAddress>, memory: borrowing RemoteMemory
  ) throws(DamagedImage) {
    guard let start = segment.address.loaded(bias: loadBias), range.contains(start),
      segment.memorySize <= range.upperBound.value - start.value
    else { throw .field("PT_DYNAMIC", at: range.lowerBound) }
    place = start
    let bytes = try memory.bytes(Int(min(segment.memorySize, RemoteDynamic.entryLimit * 16)), at: start)
    var first: [Int64: UInt64] = [:]
    var needed: [UInt64] = []
    var at = 0
    while let tag = bytes.little(Int64.self, at: at), let value = bytes.little(UInt64.self, at: at + 8), tag != DT_NULL
    {
      if tag == DT_NEEDED { needed.append(value) } else if first[tag] == nil { first[tag] = value }
      at += 16
    }

    // glibc adds the load bias to the pointers in the section itself, musl and the vdso do not (elf/get-dynamic-info.h).
    func pointer(_ tag: Int32) -> RemoteAddress? {
      guard let value = first[Int64(tag)] else { return nil }
      let loaded = RemoteAddress(value)
      if range.contains(loaded) { return loaded }
      guard let shifted = LinkAddress(value).loaded(bias: loadBias), range.contains(shifted) else { return nil }
      return shifted
    }
    symbols = pointer(DT_SYMTAB)
    strings = pointer(DT_STRTAB)
    stringsSize = first[Int64(DT_STRSZ)] ?? 0
    gnuHash = pointer(DT_GNU_HASH)
    hash = pointer(DT_HASH)
    versions = pointer(DT_VERSYM)
    definitions = pointer(DT_VERDEF)
    definitionCount = first[Int64(DT_VERDEFNUM)] ?? 0
    needs = pointer(DT_VERNEED)
    needCount = first[Int64(DT_VERNEEDNUM)] ?? 0
    relocations = pointer(DT_RELA).map { ($0, first[Int64(DT_RELASZ)] ?? 0) }
    // DT_PLTREL says which kind; on x86-64 only DT_RELA is in use.
    pltRelocations =
      first[Int64(DT_PLTREL)] == UInt64(DT_RELA)
      ? pointer(DT_JMPREL).map { ($0, first[Int64(DT_PLTRELSZ)] ?? 0) } : nil
    debug = first[Int64(DT_DEBUG)].flatMap { $0 == 0 ? nil : RemoteAddress($0) }
    sonameOffset = first[Int64(DT_SONAME)]
    neededOffsets = needed
  }

  package static func == (a: RemoteDynamic, b: RemoteDynamic) -> Bool { a.place == b.place }
}
