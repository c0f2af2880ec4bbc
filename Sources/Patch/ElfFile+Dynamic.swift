internal import CElf

extension ElfFile {
  /// What the dynamic section says.
  package struct Dynamic: Equatable, Sendable {
    /// `DT_SONAME`.
    package let soname: String?
    /// `DT_NEEDED`, in order.
    package let needed: [String]
    /// `DT_FLAGS_1`.
    package let flags1: UInt64
  }

  /// The most entries of a dynamic section that are read.
  private static let dynamicLimit: UInt64 = 65_536

  /// The dynamic section, read by its segment, so that it works without section headers; nil for a static file.
  package func dynamic() throws(DamagedElf) -> Dynamic? {
    guard let segment = segments.first(where: { $0.type == PT_DYNAMIC }), segment.fileSize > 0 else { return nil }
    guard segment.fileSize <= ElfFile.dynamicLimit * 16 else {
      throw DamagedElf(
        field: "PT_DYNAMIC p_filesz", found: "\(segment.fileSize)", allowed: "at most \(ElfFile.dynamicLimit * 16)")
    }
    let bytes = try source.read("PT_DYNAMIC", at: segment.offset, count: segment.fileSize)
    var strings: UInt64?
    var stringsSize: UInt64 = 0
    var sonameAt: UInt64?
    var neededAt: [UInt64] = []
    var flags1: UInt64 = 0
    var at = 0
    while let tag = bytes.little(Int64.self, at: at), let value = bytes.little(UInt64.self, at: at + 8), tag != DT_NULL
    {
      switch tag {
      case Int64(DT_STRTAB): strings = value
      case Int64(DT_STRSZ): stringsSize = value
      case Int64(DT_SONAME): sonameAt = value
      case Int64(DT_NEEDED): neededAt.append(value)
      case Int64(DT_FLAGS_1): flags1 = value
      default: break
      }
      at += 16
    }
    var names: [String] = []
    if sonameAt != nil || !neededAt.isEmpty {
      let table = ElfStrings(
        bytes: try content(at: LinkAddress(strings ?? 0), count: stringsSize), fileOffset: segment.offset)
      for offset in neededAt + (sonameAt.map { [$0] } ?? []) {
        names.append(try table.string("dynamic string", at: UInt32(clamping: offset)))
      }
    }
    let soname = sonameAt == nil ? nil : names.popLast()
    return Dynamic(soname: soname, needed: names, flags1: flags1)
  }

  /// What kind of target the file is; nil when it is neither an executable nor a library.
  ///
  /// `PT_INTERP` alone does not tell: Debian's `libc.so.6` can be run, too, but has a `DT_SONAME`.
  package func targetKind() throws(DamagedElf) -> PatchInfo.Target.Kind? {
    switch Int32(type) {
    case ET_EXEC: return .fixedExecutable
    case ET_DYN:
      let dynamic = try dynamic()
      if let dynamic, dynamic.flags1 & UInt64(DF_1_PIE) != 0 { return .executable }
      let isProgram = segments.contains { $0.type == PT_INTERP } && dynamic?.soname == nil
      return isProgram ? .executable : .sharedLibrary
    default: return nil
    }
  }

  /// The `PT_TLS` segment; nil when the file has no thread-local variables.
  package var threadLocalSegment: ElfSegment? { segments.first { $0.type == PT_TLS } }

  /// The offset of an executable's thread-local symbol from the thread pointer, negative as a rule.
  ///
  /// Variant II (psABI 3.4.6, "ELF Handling For Thread-Local Storage" 3.4.2): the executable's block ends at the thread
  /// pointer, and begins so that it is congruent with the segment's address modulo its alignment.
  ///
  /// - Parameter value: the symbol's `st_value`, its offset in the thread-local segment.
  /// - Returns: nil when the file has no such segment or the symbol lies outside it.
  package func threadPointerOffset(ofSymbolValue value: UInt64) -> Int64? {
    guard let segment = threadLocalSegment, value <= segment.memorySize, segment.memorySize < 1 << 40 else {
      return nil
    }
    let mask = max(segment.alignment, 1) - 1
    let padding = (0 &- segment.address.value &- segment.memorySize) & mask
    return Int64(bitPattern: value &- segment.memorySize &- padding)
  }
}
