internal import FoundationEssentials

/// The compilations that a build system writes down itself (clang's "JSON Compilation Database Format Specification").
enum CompileCommands {
  private struct Entry: Decodable {
    let directory: String
    let command: String?
    let arguments: [String]?
  }

  /// The calls that the files `compile_commands.json` of a built tree name.
  ///
  /// What cannot be read is left out: a file whose compilation nobody saw is refused by its name later on.
  static func calls(in tree: SourceTree) -> [CompilerCall] {
    Folder.files(below: tree.copy).filter { WholeFile.name(of: $0) == "compile_commands.json" }.flatMap {
      (path: String) -> [CompilerCall] in
      guard let content = try? WholeFile.read(path),
        let entries = try? JSONDecoder().decode([Entry].self, from: Data(content))
      else { return [] }
      return entries.compactMap { entry in
        let words = entry.arguments ?? entry.command.map { shellWords($0) } ?? []
        guard let tool = words.first, CompilerCall.isCompiler(WholeFile.name(of: tool)) else { return nil }
        return CompilerCall(folder: entry.directory, tool: tool, arguments: Array(words.dropFirst()))
      }
    }
  }

  /// The words of a command as a shell reads it (POSIX, Shell Command Language, 2.2 "Quoting").
  private static func shellWords(_ command: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = command[...]
    while let character = rest.popFirst() {
      switch (character, quote) {
      case ("\\", nil), ("\\", "\""): word = (word ?? "") + (rest.popFirst().map { String($0) } ?? "")
      case (character, character): quote = nil
      case ("'", nil), ("\"", nil):
        quote = character
        word = word ?? ""
      case (_, nil) where character.isWhitespace:
        if let word { words.append(word) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }
}
