internal import CElf
internal import Patch

/// The executable or library that a patch is for, read and checked.
struct TargetImage: Sendable {
  let path: String
  let elf: ElfFile
  let buildID: BuildID
  let kind: PatchInfo.Target.Kind
  let soname: String?
  let needed: [String]
  /// The executable segments, by address.
  let code: [CodeSegment]
  /// The segments without code, by address.
  let data: [CodeSegment]
  let symbols: SymbolCatalog
  /// Whether the symbols are those of a rebuild with other constants, of which some may not be known.
  let hasMovedConstants: Bool
  /// The file's `.dynsym`.
  let dynamicSymbols: [ElfSymbol]
  /// The words that get an address of the file itself when it is mapped: what they get, as the link editor assigned it, by place
  /// (`R_X86_64_RELATIVE`).
  let relativeWords: [UInt64: UInt64]
  /// The symbols whose addresses the dynamic linker puts into words of the file, by place (`R_X86_64_GLOB_DAT`, `_JUMP_SLOT`).
  let symbolWords: [UInt64: String]
  /// Whether it was linked for indirect branch tracking (`GNU_PROPERTY_X86_FEATURE_1_IBT`).
  let tracksIndirectBranches: Bool

  /// The bytes of a `PT_LOAD`, as far as they are in the file.
  struct CodeSegment: Sendable {
    let address: UInt64
    let bytes: [UInt8]
    var range: Range<UInt64> { address..<(address &+ UInt64(bytes.count)) }
  }

  /// Reads one.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - symbolsPath: a file with its symbols; nil for its own, or its debug file.
  ///   - moved: how that file may differ.
  /// - Throws: a refusal when it is none, or is no file that a patch can be for.
  init(path: String, symbols symbolsPath: String?, moved: MovedConstants? = nil) throws(BuildRefused) {
    self.path = path
    hasMovedConstants = moved != nil
    try WholeFile.checkReadable(path)
    do {
      elf = try ElfFile(path: path)
    } catch {
      throw BuildRefused(.notATarget(why: error.text), at: path)
    }
    do {
      guard elf.machine == UInt16(EM_X86_64) else {
        throw BuildRefused(.notATarget(why: "made for another machine"), at: path)
      }
      guard let kind = try elf.targetKind() else {
        throw BuildRefused(.notATarget(why: "an object or core file"), at: path)
      }
      self.kind = kind
      guard let buildID = try elf.buildID() else { throw BuildRefused(.noBuildID, at: path) }
      self.buildID = buildID
      let dynamic = try elf.dynamic()
      soname = dynamic?.soname
      needed = dynamic?.needed ?? []
      var code: [CodeSegment] = []
      var data: [CodeSegment] = []
      for segment in elf.segments where segment.type == UInt32(PT_LOAD) && segment.fileSize > 0 {
        let bytes = try elf.content(at: segment.address, count: segment.fileSize)
        let part = CodeSegment(address: segment.address.value, bytes: bytes)
        if segment.flags & UInt32(PF_X) != 0 { code.append(part) } else { data.append(part) }
      }
      self.code = code
      self.data = data
      dynamicSymbols = try elf.symbols(.dynamic)
      relativeWords = try elf.words { $0 == UInt64(R_X86_64_RELATIVE) }.mapValues(\.addend)
      let names = dynamicSymbols.map(\.name)
      symbolWords = try elf.words { [UInt64(R_X86_64_GLOB_DAT), UInt64(R_X86_64_JUMP_SLOT)].contains($0) }
        .compactMapValues { $0.symbol > 0 && $0.symbol <= names.count ? names[$0.symbol - 1] : nil }
      tracksIndirectBranches = try elf.hasIndirectBranchTracking()
      let full = try SymbolSource.find(for: elf, at: path, buildID: buildID, given: symbolsPath, moved: moved)
      symbols = SymbolCatalog(full: full, dynamic: dynamicSymbols)
    } catch let refused as BuildRefused {
      throw refused
    } catch let damaged as DamagedElf {
      throw BuildRefused(.notATarget(why: damaged.text), at: path)
    } catch {
      throw BuildRefused(.notATarget(why: "unreadable"), at: path)
    }
  }

  /// Bytes of code by their link-time address; nil when one segment's part of the file does not hold all of them.
  func code(at address: UInt64, count: UInt64) -> [UInt8]? {
    guard count > 0, let segment = code.first(where: { $0.range.contains(address) }) else { return nil }
    let start = address - segment.address
    guard count <= UInt64(segment.bytes.count) - start else { return nil }
    return Array(segment.bytes[Int(start)..<Int(start + count)])
  }

  /// The address of the symbol that a reference of code or data was made of; nil for other types, and where there is no field.
  ///
  /// `addend`: what was added to it.
  func symbolAddress(
    behind type: X86_64RelocationType, at place: UInt64, addend: Int64
  ) -> UInt64? {
    guard let field = try? elf.content(at: LinkAddress(place), count: type.fieldSize) else { return nil }
    let value: UInt64? =
      switch type {
      case .absolute64: relativeWords[place] ?? field.little(UInt64.self, at: 0)
      case .absolute32: field.little(UInt32.self, at: 0).map { UInt64($0) }
      case .signed32: field.little(Int32.self, at: 0).map { UInt64(bitPattern: Int64($0)) }
      case .pc32: field.little(Int32.self, at: 0).map { place &+ UInt64(bitPattern: Int64($0)) }
      default: nil
      }
    return value.map { $0 &- UInt64(bitPattern: addend) }
  }

  /// The symbol that a stub of the linker leads to (x86-64 psABI, "Procedure Linkage Table"); nil for what is none.
  func symbol(ofStub address: UInt64) -> String? {
    guard let decoder = X86_64Decoder(), let code = code(at: address, count: 16) else { return nil }
    var at = 0
    // Perhaps an `endbr64`, then the jump.
    for _ in 0..<2 {
      guard let instruction = decoder.instruction(in: code, at: at, base: address) else { return nil }
      if instruction.flow == .indirectJump { return instruction.ripOperand.flatMap { symbolWords[$0.target] } }
      at += instruction.bytes.count
    }
    return nil
  }

  /// Whether an address lies in an executable segment.
  func isCode(_ address: UInt64) -> Bool { code.contains { $0.range.contains(address) } }
}

extension DamagedElf {
  /// What is wrong, in one clause.
  var text: String { "\(field): found \(found), allowed \(allowed)" }
}

extension ElfFile {
  /// The words that relocations of some types fill in at load time, by place: with which symbol of `.dynsym` (0 for none) and addend.
  func words(_ isWanted: (UInt64) -> Bool) throws(DamagedElf) -> [UInt64: (symbol: Int, addend: UInt64)] {
    var found: [UInt64: (symbol: Int, addend: UInt64)] = [:]
    for section in sections where section.type == UInt32(SHT_RELA) && section.flags & UInt64(SHF_ALLOC) != 0 {
      let bytes = try content(of: section)
      var at = 0
      while let place = bytes.little(UInt64.self, at: at), let info = bytes.little(UInt64.self, at: at + 8),
        let addend = bytes.little(UInt64.self, at: at + 16)
      {
        if isWanted(info & 0xffff_ffff) { found[place] = (Int(info >> 32), addend) }
        at += 24
      }
    }
    return found
  }

  /// Whether `.note.gnu.property` says that every indirect branch meets an `endbr64` (x86-64 psABI, program properties).
  func hasIndirectBranchTracking() throws(DamagedElf) -> Bool {
    guard let section = section(named: ".note.gnu.property"), section.size <= 4096 else { return false }
    let note = try content(of: section)
    // Elf64_Nhdr and "GNU\0", then properties: type, size, data padded to 8 bytes.
    var at = 16
    while let type = note.little(UInt32.self, at: at), let size = note.little(UInt32.self, at: at + 4), size <= 4096 {
      if type == UInt32(GNU_PROPERTY_X86_FEATURE_1_AND), let bits = note.little(UInt32.self, at: at + 8) {
        return bits & UInt32(GNU_PROPERTY_X86_FEATURE_1_IBT) != 0
      }
      at += 8 + (Int(size) + 7) & ~7
    }
    return false
  }
}
