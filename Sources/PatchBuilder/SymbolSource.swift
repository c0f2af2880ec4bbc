internal import CElf
internal import Patch

/// Finds the full symbol table of a target.
enum SymbolSource {
  /// The symbols of the file given, else of the target itself, else of its separate debug file; empty when there is none.
  ///
  /// - Throws: a refusal when the given file cannot be read or belongs to another build.
  static func find(
    for target: ElfFile, at path: String, buildID: BuildID, given: String?, moved: MovedConstants?
  ) throws(BuildRefused) -> [ElfSymbol] {
    if let given { return try read(given, for: target, buildID: buildID, moved) }
    do {
      return try target.fullSymbols(at: path)
    } catch {
      throw BuildRefused(.notATarget(why: error.text), at: path)
    }
  }

  private static func read(
    _ path: String, for target: ElfFile, buildID: BuildID, _ moved: MovedConstants?
  ) throws(BuildRefused) -> [ElfSymbol] {
    try WholeFile.checkReadable(path)
    do {
      let donor = try ElfFile(path: path)
      if moved == nil, try donor.buildID() != buildID, let difference = try difference(between: target, and: donor) {
        throw BuildRefused(.symbolsOfAnotherBuild(why: difference), at: path)
      }
      let all = try donor.symbols(.full)
      let symbols = moved.map { moved in all.compactMap { moved.inBinary($0) } } ?? all
      guard !symbols.isEmpty else {
        throw BuildRefused(.symbolsOfAnotherBuild(why: "it has no symbol table"), at: path)
      }
      return symbols
    } catch let refused as BuildRefused {
      throw refused
    } catch let damaged as DamagedElf {
      throw BuildRefused(.symbolsOfAnotherBuild(why: damaged.text), at: path)
    } catch {
      throw BuildRefused(.symbolsOfAnotherBuild(why: "it cannot be read"), at: path)
    }
  }

  /// The first loaded section in which two files differ, the note with the build-id excepted; nil when there is none.
  ///
  /// Reproducible builds make this a proof: with the same bytes at the same addresses each symbol is where the rebuild says.
  static func difference(between target: ElfFile, and donor: ElfFile) throws(DamagedElf) -> String? {
    let mine = loaded(target)
    let other = loaded(donor)
    guard !mine.isEmpty else { return "the binary has no section headers to compare" }
    for (a, b) in zip(mine, other) {
      guard a.isPlaced(as: b) else {
        return "section \(a.name) at \(a.address) is \(b.name) at \(b.address) there, or has another size"
      }
      if try target.content(of: a) != donor.content(of: b) { return "the content of \(a.name) differs" }
    }
    return mine.count == other.count ? nil : "it has \(other.count) loaded sections, the binary \(mine.count)"
  }

  /// The sections that are mapped, the note with the build-id excepted.
  static func loaded(_ file: ElfFile) -> [ElfSection] {
    file.sections.filter { $0.flags & UInt64(SHF_ALLOC) != 0 && $0.name != ".note.gnu.build-id" }
  }
}

extension ElfSection {
  /// Whether another file has it alike, its content apart.
  func isPlaced(as other: ElfSection) -> Bool {
    name == other.name && address == other.address && size == other.size && type == other.type && flags == other.flags
  }
}
