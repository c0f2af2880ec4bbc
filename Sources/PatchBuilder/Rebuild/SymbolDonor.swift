internal import CElf
internal import Patch

/// The file of a rebuild that says where everything in the binary lies: its loaded sections are the binary's, byte for byte, or
/// all that differs is where constants lie (``MovedConstants``).
struct SymbolDonor: Sendable {
  let path: String
  /// Nil when it is the binary byte for byte.
  let moved: MovedConstants?

  /// Finds it among the files of a tree that has been built.
  ///
  /// `knowsSource`: as in ``ProjectBuildRequest``.
  /// - Throws: a refusal that says how the nearest one differs.
  static func find(
    for binary: String, in tree: SourceTree, knowsSource: Bool
  ) throws(BuildRefused) -> SymbolDonor {
    try WholeFile.checkReadable(binary)
    let name = WholeFile.name(of: binary)
    var nearest: String?
    var alike: SymbolDonor?
    do throws(DamagedElf) {
      let target = try ElfFile(path: binary)
      let soname = try target.dynamic()?.soname
      for path in Folder.files(below: tree.copy) {
        // What is no ELF file is no candidate.
        guard let file = try? ElfFile(path: path), file.type == target.type,
          file.sections.contains(where: { $0.type == UInt32(SHT_SYMTAB) })
        else { continue }
        guard let difference = try SymbolSource.difference(between: target, and: file) else {
          return SymbolDonor(path: path, moved: nil)
        }
        let isNamesake = WholeFile.name(of: path) == name || soname != nil && (try? file.dynamic()?.soname) == soname
        if knowsSource && alike == nil, let moved = try MovedConstants(of: target, in: file) {
          alike = SymbolDonor(path: path, moved: moved)
        }
        if isNamesake && nearest == nil { nearest = "\(path.dropFirst(tree.copy.count + 1)): \(difference)" }
      }
    } catch {
      throw BuildRefused(.notATarget(why: error.text), at: binary)
    }
    if let alike { return alike }
    throw BuildRefused(.notReproduced(nearest ?? "the build makes no file like it"), at: binary)
  }
}
