internal import CElf

/// Reads the relocations of an artifact's loaded sections.
struct PatchRelocationReader {
  let elf: ElfFile
  /// The index of the symbol table's section; nil where there is none.
  let table: Int?
  /// How many symbols there are, the null symbol left out.
  let symbolCount: Int

  /// For each loaded section its relocations.
  func relocations(
    of loaded: [ElfSection], loadedIndex: [Int?]
  ) throws(DamagedArtifact) -> [[PatchRelocation]] {
    var result = [[PatchRelocation]](repeating: [], count: loaded.count)
    var total: UInt64 = 0
    var seen: Set<Int> = []
    for section in elf.sections where [UInt32(SHT_RELA), UInt32(SHT_REL)].contains(section.type) {
      let name = "section \(section.index) (\(section.name))"
      guard section.info < elf.sections.count else {
        throw DamagedArtifact(
          field: "\(name) sh_info", found: "\(section.info)", allowed: "below \(elf.sections.count), a section's index")
      }
      guard let target = loadedIndex[Int(section.info)] else { continue }
      guard section.type == UInt32(SHT_RELA), section.entrySize == 24, section.size % 24 == 0,
        let table, section.link == table, loaded[target].type != UInt32(SHT_NOBITS), seen.insert(target).inserted
      else {
        throw DamagedArtifact(
          field: name, offset: section.offset,
          found: "section type \(section.type), \(section.size) bytes in entries of \(section.entrySize), "
            + "sh_link \(section.link), for section \(section.info) (\(loaded[target].name))",
          allowed: "SHT_RELA, whole entries of 24 bytes, the symbol table, once for a section with content")
      }
      total += section.size / 24
      guard total <= PatchLimits.relocations else {
        throw DamagedArtifact(
          field: "\(name) sh_size", found: "\(total) relocations", allowed: "at most \(PatchLimits.relocations) in all")
      }
      do throws(DamagedElf) {
        result[target] = try elf.relocations(in: section, of: loaded[target], symbolCount: symbolCount)
      } catch {
        throw DamagedArtifact(error)
      }
    }
    return result
  }
}
