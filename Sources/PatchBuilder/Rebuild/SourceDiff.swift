/// A change of a project's source: a unified diff, applied by patch(1).
struct SourceDiff: Sendable {
  /// The diff's path.
  let path: String
  /// How many leading parts of its paths do not count.
  private let strip: Int
  /// The files that it names, relative to the tree's root.
  let named: [String]
  /// For each copy that the build made of such a file, which one it is of; relative to the tree's root.
  private var copies: [String: String] = [:]
  /// The names of such files for which the build made files of the same name and other content.
  private(set) var namesMadeOtherwise: Set<String> = []

  /// The files that it changes: those that it names, and their copies.
  var files: [String] { named + copies.keys.sorted() }

  /// Reads a diff and finds out how it applies to a tree, which is only read.
  ///
  /// - Throws: a refusal when it does not apply, does so with fuzz only, changes nothing or changes how the project is built.
  init(_ path: String, to tree: String) async throws(BuildRefused) {
    self.path = path
    let names = SourceDiff.names(in: String(decoding: try WholeFile.read(path), as: UTF8.self))
    guard !names.isEmpty else { throw BuildRefused(.diffRefused("it is no unified diff"), at: path) }
    let strip = try await SourceDiff.strip(path, tree)
    self.strip = strip
    named = names.map { $0.split(separator: "/").dropFirst(strip).joined(separator: "/") }
    for file in named where SourceDiff.saysHowToBuild(file) { throw BuildRefused(.buildFileTouched, at: file) }
  }

  /// How many leading parts of its paths do not count: 1 as git writes them, or another number with which it applies.
  private static func strip(_ path: String, _ tree: String) async throws(BuildRefused) -> Int {
    var words: String?
    for strip in [1, 0, 2] {
      do throws(BuildRefused) {
        _ = try await BuildTool.run("patch", arguments(path, strip, tree) + ["--dry-run"])
        return strip
      } catch {
        guard case .toolFailed(_, let output)? = error.refusals.first?.reason else { throw error }
        words = words ?? output
      }
    }
    throw BuildRefused(.diffRefused(words ?? ""), at: path)
  }

  /// Finds the copies that a build has made of the files: of the same name and content, and not in the source; and what else it has
  /// made of their names.
  ///
  /// `tree`: the source as it was built.
  /// `original`: the folder of the source as it was.
  mutating func findCopies(in tree: String, original: String) throws(BuildRefused) {
    let names = Set(named.map { WholeFile.name(of: $0) })
    for path in Folder.files(below: tree) where names.contains(WholeFile.name(of: path)) {
      let file = String(path.dropFirst(tree.count + 1))
      guard WholeFile.isRegular("\(original)/\(file)") == nil else { continue }
      let content = try WholeFile.read(path)
      let name = WholeFile.name(of: file)
      for of in named where WholeFile.name(of: of) == name {
        let source = "\(original)/\(of)"
        if WholeFile.isRegular(source) == true, try WholeFile.read(source) == content { copies[file] = of }
      }
      if copies[file] == nil { namesMadeOtherwise.insert(name) }
    }
  }

  /// The file of the source that a file is, or is a copy of.
  func origin(of file: String) -> String { copies[file] ?? file }

  /// Changes the tree.
  func apply(to tree: String) async throws(BuildRefused) {
    _ = try await BuildTool.run("patch", SourceDiff.arguments(path, strip, tree))
    try await copy(copies.flatMap { [$1, $0] }, from: tree, to: tree)
  }

  /// Lets files be as others are: copies those that are there, and removes what stands for one that is not.
  ///
  /// `pairs`: by turns the file to copy and the one that is to be like it.
  private func copy(_ pairs: [String], from: String, to: String) async throws(BuildRefused) {
    let script = """
      from=$1; to=$2; shift 2
      while [ $# -gt 0 ]; do
        rm -f "$to/$2"; test ! -e "$from/$1" || cp -a "$from/$1" "$to/$2" || exit; shift 2
      done
      """
    _ = try await BuildTool.run("sh", ["-c", script, "sh", from, to] + pairs)
  }

  private static func arguments(_ path: String, _ strip: Int, _ tree: String) -> [String] {
    // Lines that moved as a whole are fine; lines around them that differ are not.
    [
      "--strip=\(strip)", "--fuzz=0", "--batch", "--forward", "--no-backup-if-mismatch", "--directory=\(tree)",
      "--input=\(WholeFile.absolute(path))",
    ]
  }

  /// The files that a unified diff names: of each pair the one that is not /dev/null.
  private static func names(in text: String) -> [String] {
    var found: [String] = []
    var before: Substring?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      // What is behind a tab is a time.
      let name = line.dropFirst(4).prefix { $0 != "\t" && $0 != "\r" }
      if line.hasPrefix("--- ") {
        before = name
      } else if line.hasPrefix("+++ "), let old = before {
        let path = String(name == "/dev/null" ? old : name)
        if !found.contains(path) { found.append(path) }
        before = nil
      } else {
        before = nil
      }
    }
    return found
  }

  private static func saysHowToBuild(_ file: String) -> Bool {
    let name = WholeFile.name(of: file)
    return [".mk", ".am", ".ac", ".m4", ".cmake", ".in"].contains { name.hasSuffix($0) }
      || ["Makefile", "GNUmakefile", "makefile", "CMakeLists.txt", "meson.build", "configure", "SConstruct", "BUILD"]
        .contains(name)
      || file.hasPrefix("debian/rules")
  }
}
