extension ElfFile {
  /// The full symbol table: the file's own, else that of its separate debug file; empty where there is neither.
  ///
  /// - Parameters:
  ///   - path: where the file lies, as its debug file is looked for beside it.
  ///   - roots: what is put before absolute paths: other root folders to look in, in turn.
  /// - Returns: the symbols in the table's order.
  /// - Throws: the first damage of the file itself.
  package func fullSymbols(at path: String, under roots: [String] = [""]) throws(DamagedElf) -> [ElfSymbol] {
    let own = try symbols(.full)
    guard own.isEmpty, let buildID = try buildID() else { return own }
    for root in roots {
      for candidate in try debugFiles(at: path, of: buildID) {
        // A debug file that is absent, damaged or of another build is no error: nobody named it.
        guard let file = try? ElfFile(path: root + candidate), let found = try? file.buildID(), found == buildID,
          let symbols = try? file.symbols(.full), !symbols.isEmpty
        else { continue }
        return symbols
      }
    }
    return []
  }

  /// Where a separate debug file may lie, as gdb looks for it ("Debugging Information in Separate Files").
  private func debugFiles(at path: String, of buildID: BuildID) throws(DamagedElf) -> [String] {
    let digits = buildID.description
    var candidates = ["/usr/lib/debug/.build-id/\(digits.prefix(2))/\(digits.dropFirst(2)).debug"]
    if let link = try debugLink(), !link.name.contains("/") {
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      candidates += ["\(folder)/\(link.name)", "\(folder)/.debug/\(link.name)", "/usr/lib/debug\(folder)/\(link.name)"]
    }
    return candidates
  }
}
