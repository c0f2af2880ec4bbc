internal import CElf
internal import Patch

/// The file of a rebuild that says where everything in the binary lies: its loaded sections are the binary's, byte for byte.
enum SymbolDonor {
  /// Finds it among the files of a tree that has been built.
  ///
  /// - Throws: a refusal that says how the nearest one differs.
  static func find(for binary: String, in tree: SourceTree) throws(BuildRefused) -> String {
    try WholeFile.checkReadable(binary)
    let name = WholeFile.name(of: binary)
    var nearest: String?
    do throws(DamagedElf) {
      let target = try ElfFile(path: binary)
      let soname = try target.dynamic()?.soname
      for path in Folder.files(below: tree.copy) {
        // What is no ELF file is no candidate.
        guard let file = try? ElfFile(path: path), file.type == target.type,
          file.sections.contains(where: { $0.type == UInt32(SHT_SYMTAB) })
        else { continue }
        guard let difference = try SymbolSource.difference(between: target, and: file) else { return path }
        let isNamesake = WholeFile.name(of: path) == name || soname != nil && (try? file.dynamic()?.soname) == soname
        if isNamesake && nearest == nil { nearest = "\(path.dropFirst(tree.copy.count + 1)): \(difference)" }
      }
    } catch {
      throw BuildRefused(.notATarget(why: error.text), at: binary)
    }
    throw BuildRefused(.notReproduced(nearest ?? "the build makes no file like it"), at: binary)
  }
}
