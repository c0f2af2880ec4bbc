internal import CElf

/// The symbol versions of a dynamic symbol table (`.gnu.version`, `.gnu.version_d`, `.gnu.version_r`).
struct ElfVersions {
  /// For each symbol its number: the index of a version, with bit 15 for a hidden one.
  private var numbers: [UInt8] = []
  private var names: [UInt16: String] = [:]

  init() {}

  init(numbers: [UInt8], names: [UInt16: String]) {
    self.numbers = numbers
    self.names = names
  }

  /// The version of the symbol with an index; nil for an unversioned one (0 local, 1 global).
  func version(of symbol: Int) -> (name: String, isDefault: Bool)? {
    guard let number = numbers.little(UInt16.self, at: symbol * 2), let name = names[number & 0x7fff] else {
      return nil
    }
    return (name, number & 0x8000 == 0)
  }
}

extension ElfFile {
  /// The longest table of versions that is read, in bytes.
  private static let versionTableLimit: UInt64 = 16 << 20

  /// The versions of `.dynsym`.
  func symbolVersions() throws(DamagedElf) -> ElfVersions {
    guard let table = sections.first(where: { $0.type == SHT_GNU_versym }) else { return ElfVersions() }
    var names: [UInt16: String] = [:]
    for section in sections where section.type == SHT_GNU_verdef || section.type == SHT_GNU_verneed {
      guard section.link < sections.count, section.size <= ElfFile.versionTableLimit else {
        throw DamagedElf(
          field: "section \(section.index) (\(section.name))", found: "\(section.size) bytes, sh_link \(section.link)",
          allowed: "at most \(ElfFile.versionTableLimit) bytes and the index of a section")
      }
      let strings = sections[Int(section.link)]
      let fields = ElfFields(bytes: try content(of: section), fileOffset: section.offset, name: section.name)
      let texts = try ElfStrings(source, "version names", at: strings.offset, count: strings.size)
      if section.type == SHT_GNU_verdef {
        try ElfFile.readDefinitions(fields, texts, into: &names)
      } else {
        try ElfFile.readNeeds(fields, texts, into: &names)
      }
    }
    return ElfVersions(numbers: try content(of: table), names: names)
  }

  /// `Elf64_Verdef` (20 bytes; the name is in the first `Elf64_Verdaux`).
  private static func readDefinitions(
    _ fields: ElfFields, _ texts: ElfStrings, into names: inout [UInt16: String]
  ) throws(DamagedElf) {
    var at = 0
    while at < fields.bytes.count {
      let flags: UInt16 = try fields.little("vd_flags", at: at + 2)
      let index: UInt16 = try fields.little("vd_ndx", at: at + 4)
      let auxiliary: UInt32 = try fields.little("vd_aux", at: at + 12)
      let next: UInt32 = try fields.little("vd_next", at: at + 16)
      // The base definition (VER_FLG_BASE, index 1) names the file itself, not a version.
      if flags & 1 == 0 {
        let name: UInt32 = try fields.little("vda_name", at: at + Int(auxiliary))
        names[index & 0x7fff] = try texts.string("vda_name", at: name)
      }
      // Each step is at least a record forward, so that the walk ends within the section.
      guard next >= 20 else { return }
      at += Int(next)
    }
  }

  /// `Elf64_Verneed` (16 bytes), each with a chain of `Elf64_Vernaux` (16 bytes).
  private static func readNeeds(
    _ fields: ElfFields, _ texts: ElfStrings, into names: inout [UInt16: String]
  ) throws(DamagedElf) {
    var at = 0
    var remaining = fields.bytes.count / 16
    while at < fields.bytes.count {
      let auxiliary: UInt32 = try fields.little("vn_aux", at: at + 8)
      let next: UInt32 = try fields.little("vn_next", at: at + 12)
      var entry = at + Int(auxiliary)
      while remaining > 0 {
        remaining -= 1
        let index: UInt16 = try fields.little("vna_other", at: entry + 6)
        let name: UInt32 = try fields.little("vna_name", at: entry + 8)
        let step: UInt32 = try fields.little("vna_next", at: entry + 12)
        names[index & 0x7fff] = try texts.string("vna_name", at: name)
        guard step >= 16 else { break }
        entry += Int(step)
      }
      guard next >= 16, remaining > 0 else { return }
      at += Int(next)
    }
  }
}
