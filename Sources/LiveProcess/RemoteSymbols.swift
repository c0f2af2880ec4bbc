internal import CElf
internal import Patch

/// The dynamic symbols of an image in memory, with their versions.
package struct RemoteSymbols: Sendable {
  private let symbols: [UInt8]
  private let strings: [UInt8]
  private let versionNumbers: [UInt8]
  private let versionNames: [UInt16: String]
  /// Whether the image gives its own symbols versions (`DT_VERDEF`).
  package let definesVersions: Bool
  /// How many symbols there are, the null symbol included.
  package let count: Int
  /// `DT_SONAME`.
  package let soname: String?
  /// `DT_NEEDED`, in order.
  package let needed: [String]

  /// The most symbols, needed libraries and version records that are read.
  static let symbolLimit = 4 << 20
  static let versionLimit: UInt64 = 16_384

  /// Reads the tables of an image; empty for one that has none.
  package init(of image: RemoteELF, memory: borrowing RemoteMemory) throws(DamagedImage) {
    guard let dynamic = image.dynamic, let symbolsAt = dynamic.symbols, let stringsAt = dynamic.strings else {
      (symbols, strings, versionNumbers, versionNames) = ([], [], [], [:])
      (definesVersions, count, soname, needed) = (false, 0, nil, [])
      return
    }
    strings = try image.table("DT_STRTAB", at: stringsAt, count: dynamic.stringsSize, memory: memory)
    count = try RemoteSymbols.count(image, dynamic, memory: memory)
    symbols = try image.table("DT_SYMTAB", at: symbolsAt, count: UInt64(count) * 24, memory: memory)
    if let versions = dynamic.versions {
      versionNumbers = try image.table("DT_VERSYM", at: versions, count: UInt64(count) * 2, memory: memory)
    } else {
      versionNumbers = []
    }
    definesVersions = dynamic.definitions != nil
    soname = dynamic.sonameOffset.flatMap { [strings] in RemoteSymbols.string(strings, at: $0) }
    needed = dynamic.neededOffsets.compactMap { [strings] in RemoteSymbols.string(strings, at: $0) }
    var names: [UInt16: String] = [:]
    try RemoteSymbols.readDefinitions(image, dynamic, strings, into: &names, memory: memory)
    try RemoteSymbols.readNeeds(image, dynamic, strings, into: &names, memory: memory)
    versionNames = names
  }

  /// The name of a symbol as bytes without the terminator; empty when it lies outside the string table.
  private func name(at index: Int) -> ArraySlice<UInt8> {
    guard let offset = symbols.little(UInt32.self, at: index * 24), Int(offset) < strings.count else { return [] }
    return strings[Int(offset)...].prefix { $0 != 0 }
  }

  /// The symbol at an index; nil beyond the table.
  package func symbol(at index: Int) -> RemoteSymbol? {
    guard index >= 0, index < count, let info = symbols.little(UInt8.self, at: index * 24 + 4),
      let other = symbols.little(UInt8.self, at: index * 24 + 5),
      let section = symbols.little(UInt16.self, at: index * 24 + 6),
      let value = symbols.little(UInt64.self, at: index * 24 + 8),
      let size = symbols.little(UInt64.self, at: index * 24 + 16)
    else { return nil }
    let number = versionNumbers.little(UInt16.self, at: index * 2)
    return RemoteSymbol(
      index: index, name: String(decoding: name(at: index), as: UTF8.self), value: LinkAddress(value), size: size,
      type: info & 15, binding: info >> 4, visibility: other & 3, section: section,
      version: number.flatMap { versionNames[$0 & 0x7fff] }, isDefaultVersion: number.map { $0 & 0x8000 == 0 } ?? true,
      // Version index 0 is for symbols that the version script made local.
      isLocalVersion: number.map { $0 & 0x7fff == 0 } ?? false && definesVersions)
  }

  /// Every symbol of a name, in the table's order.
  package func named(_ text: String) -> [RemoteSymbol] {
    let wanted = Array(text.utf8)
    guard let first = wanted.first else { return [] }
    return (0..<count).compactMap { index in
      guard let offset = symbols.little(UInt32.self, at: index * 24) else { return nil }
      let start = Int(offset)
      guard start < strings.count, strings[start] == first, strings.count - start > wanted.count,
        strings[start + wanted.count] == 0, strings[start..<(start + wanted.count)].elementsEqual(wanted)
      else { return nil }
      return symbol(at: index)
    }
  }

  // MARK: - Reading

  private static func string(_ strings: [UInt8], at offset: UInt64) -> String? {
    guard offset < UInt64(strings.count) else { return nil }
    return String(decoding: strings[Int(offset)...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The number of symbols: `nchain` of `DT_HASH`, or one more than the last symbol that the GNU hash table reaches.
  private static func count(
    _ image: RemoteELF, _ dynamic: RemoteDynamic, memory: borrowing RemoteMemory
  ) throws(DamagedImage) -> Int {
    if let hash = dynamic.hash {
      let header = try image.table("DT_HASH", at: hash, count: 8, memory: memory)
      guard let count = header.little(UInt32.self, at: 4), Int(count) <= symbolLimit else {
        throw .field("nchain", at: hash)
      }
      return Int(count)
    }
    guard let table = dynamic.gnuHash else { return 0 }
    let header = try image.table("DT_GNU_HASH", at: table, count: 16, memory: memory)
    guard let buckets = header.little(UInt32.self, at: 0), let offset = header.little(UInt32.self, at: 4),
      let bloom = header.little(UInt32.self, at: 8), buckets <= symbolLimit, bloom <= symbolLimit,
      offset <= symbolLimit,
      let bucketsAt = table.advanced(by: 16 + UInt64(bloom) * 8),
      let chainsAt = bucketsAt.advanced(by: UInt64(buckets) * 4)
    else { throw .field("DT_GNU_HASH", at: table) }
    let starts = try image.table("GNU hash buckets", at: bucketsAt, count: UInt64(buckets) * 4, memory: memory)
    var last: UInt32 = 0
    for index in 0..<Int(buckets) { last = max(last, starts.little(UInt32.self, at: index * 4) ?? 0) }
    guard last >= offset, last > 0 else { return Int(offset) }
    guard Int(last) <= symbolLimit else { throw .field("GNU hash bucket", at: bucketsAt) }
    // The chain of the last bucket ends at the entry whose lowest bit is set; read it in pieces.
    let piece: UInt64 = 256
    while Int(last) < symbolLimit {
      guard let at = chainsAt.advanced(by: UInt64(last - offset) * 4), range(image, holds: at) else { break }
      let count = min(piece * 4, (image.range.upperBound.value - at.value) & ~3)
      let chain = try image.table("GNU hash chain", at: at, count: count, memory: memory)
      for index in 0..<(chain.count / 4) {
        if let hash = chain.little(UInt32.self, at: index * 4), hash & 1 == 1 { return Int(last) + index + 1 }
      }
      guard count > 0 else { break }
      last += UInt32(count / 4)
    }
    throw .field("GNU hash chain", at: chainsAt)
  }

  private static func range(_ image: RemoteELF, holds address: RemoteAddress) -> Bool { image.range.contains(address) }

  /// `Elf64_Verdef` records; the name is in the first `Elf64_Verdaux`.
  private static func readDefinitions(
    _ image: RemoteELF, _ dynamic: RemoteDynamic, _ strings: [UInt8], into names: inout [UInt16: String],
    memory: borrowing RemoteMemory
  ) throws(DamagedImage) {
    guard var at = dynamic.definitions else { return }
    for _ in 0..<min(dynamic.definitionCount, versionLimit) {
      let record = try image.table("DT_VERDEF", at: at, count: 20, memory: memory)
      guard let flags = record.little(UInt16.self, at: 2), let index = record.little(UInt16.self, at: 4),
        let auxiliary = record.little(UInt32.self, at: 12), let next = record.little(UInt32.self, at: 16)
      else { throw .field("DT_VERDEF", at: at) }
      // The base definition names the file itself.
      if flags & 1 == 0, let place = at.advanced(by: UInt64(auxiliary)) {
        let name = try image.table("DT_VERDEF", at: place, count: 8, memory: memory)
        names[index & 0x7fff] = name.little(UInt32.self, at: 0).flatMap { string(strings, at: UInt64($0)) }
      }
      guard next > 0, let following = at.advanced(by: UInt64(next)) else { return }
      at = following
    }
  }

  /// `Elf64_Verneed` records, each with a chain of `Elf64_Vernaux`.
  private static func readNeeds(
    _ image: RemoteELF, _ dynamic: RemoteDynamic, _ strings: [UInt8], into names: inout [UInt16: String],
    memory: borrowing RemoteMemory
  ) throws(DamagedImage) {
    guard var at = dynamic.needs else { return }
    var left = versionLimit
    for _ in 0..<min(dynamic.needCount, versionLimit) {
      let record = try image.table("DT_VERNEED", at: at, count: 16, memory: memory)
      guard let count = record.little(UInt16.self, at: 2), let auxiliary = record.little(UInt32.self, at: 8),
        let next = record.little(UInt32.self, at: 12), var entry = at.advanced(by: UInt64(auxiliary))
      else { throw .field("DT_VERNEED", at: at) }
      for _ in 0..<count {
        guard left > 0 else { throw .field("DT_VERNEED", at: at) }
        left -= 1
        let need = try image.table("DT_VERNEED", at: entry, count: 16, memory: memory)
        guard let index = need.little(UInt16.self, at: 6), let name = need.little(UInt32.self, at: 8),
          let step = need.little(UInt32.self, at: 12)
        else { throw .field("DT_VERNEED", at: entry) }
        names[index & 0x7fff] = string(strings, at: UInt64(name))
        guard step > 0, let following = entry.advanced(by: UInt64(step)) else { break }
        entry = following
      }
      guard next > 0, let following = at.advanced(by: UInt64(next)) else { return }
      at = following
    }
  }
}
