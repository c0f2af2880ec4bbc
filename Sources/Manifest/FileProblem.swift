/// Diagnostics about files as a whole.
enum FileProblem {
  /// A diagnostic at the beginning of a file that has no text to show.
  static func make(_ code: ManifestCode, _ path: String, _ message: String, hint: String? = nil) -> Diagnostic {
    Diagnostic(
      .error, code.code, at: SourceRange(file: path, line: 1, column: 1, endColumn: 1), message, hint: hint)
  }

  static func tooLarge(_ path: String) -> Diagnostic {
    make(.tooLarge, path, "the file has more than \(SourceText.maximumBytes) bytes", hint: "split it")
  }

  static func unreadable(_ path: String, _ error: FileUnreadable) -> Diagnostic {
    guard error.isMissing else { return make(.unreadable, path, "it cannot be read: \(error.reason)") }
    return make(.fileMissing, path, "no such file or folder", hint: neighbour(of: path).map { "did you mean '\($0)'?" })
  }

  /// A file beside a missing one whose name is nearly the same.
  private static func neighbour(of path: String) -> String? {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let folder = path.hasSuffix("/") ? nil : String(path.dropLast(name.count))
    // A folder that cannot be read has nothing to suggest; the missing file is reported all the same.
    guard let folder, let names = try? FileContent.names(in: folder.isEmpty ? "." : folder) else { return nil }
    return NearMiss.suggestion(for: name, among: names.filter { !$0.hasPrefix(".") }).map { folder + $0 }
  }
}
