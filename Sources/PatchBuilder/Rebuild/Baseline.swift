internal import Patch

/// A project before the change: its source, built, in a private copy.
struct Baseline: Sendable {
  let tree: SourceTree
  /// The calls of compilers that built it.
  let calls: [CompilerCall]
  /// The file among those built that says where everything in the binary lies.
  let donor: SymbolDonor

  /// Builds a source, or takes it from where it was built before.
  ///
  /// `binary`: the path of what it is to make.
  /// `knowsSource`: as in ``ProjectBuildRequest``.
  /// `log`: the path of the file that says what the build said, kept where it fails.
  /// `work`: gets the copy.
  /// - Throws: a refusal when it does not build, or when what was built is not the binary.
  static func make(
    _ source: ProjectSource, for binary: String, knowsSource: Bool, log: String, in work: String, cache: BuildCache?,
    progress: @Sendable (String) -> Void
  ) async throws(BuildRefused) -> Baseline {
    let tree = await SourceTree(in: work, of: source)
    // Where commands see the copy at a path that is another one each time, what they wrote down would lead nowhere.
    let key = tree.isAtHome && cache != nil ? try await key(source, binary) : nil
    var isNew = true
    if let key, let built = try await cache?.present("built", key) {
      isNew = false
      progress("taking the source as it was built before")
      _ = try await BuildTool.run("cp", ["-a", "--reflink=auto", "--", "\(built)/.", work])
    } else {
      progress("copying \(source.folder)")
      _ = try await BuildTool.run("cp", ["-a", "--", source.folder, tree.copy])
      progress("building the old source: \(source.command)")
      try await build(source, tree, in: work, log: log)
    }
    progress("looking for the binary in what was built")
    let donor = try SymbolDonor.find(for: binary, in: tree, knowsSource: knowsSource)
    if isNew, let key {
      _ = try await cache?.entry("built", key) { part throws(BuildRefused) in
        let parts = ["tree", CompilerCall.folderName].map { "\(work)/\($0)" }
        _ = try await BuildTool.run("cp", ["-a", "--reflink=auto", "--"] + parts + [part])
      }
    }
    let seen = try CompilerCall.read(from: work)
    let known = Set(seen.map(\.compilation))
    // A build system that calls compilers by their paths may say what it called.
    let written = CompileCommands.calls(in: tree).filter { !known.contains($0.compilation) }
    return Baseline(tree: tree, calls: seen + written, donor: donor)
  }

  /// What a built source is kept under: all that goes into the build, and the binary that it was seen to make.
  private static func key(_ source: ProjectSource, _ binary: String) async throws(BuildRefused) -> String {
    // Times do not count, and git's own files change when it is asked for its state.
    let script = """
      cd "$1" && tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --exclude=./.git -cf - . | sha256sum
      """
    let content = try await BuildTool.run("sh", ["-c", script, "sh", source.folder]).output
    let file = SHA256Digest(of: try WholeFile.read(binary))
    let all = [content, source.place, source.clean?.root ?? "", source.command, "\(file)"].joined(separator: "\n")
    return "\(SHA256Digest(of: Array(all.utf8)))"
  }

  private static func build(
    _ source: ProjectSource, _ tree: SourceTree, in work: String, log: String
  ) async throws(BuildRefused) {
    let environment = try CompilerCall.watch(in: work, source.clean)
    // Written where commands may write, whatever they see of the machine.
    let written = "\(work)/build.log"
    do throws(BuildRefused) {
      _ = try await tree.run(
        ["sh", "-c", "exec > \"$0\" 2>&1; eval \"$1\"", written, source.command], environment: environment)
    } catch {
      guard case .toolFailed? = error.refusals.first?.reason, let text = try? WholeFile.read(written) else {
        throw error
      }
      try WholeFile.write(text, to: log)
      let end = String(decoding: text, as: UTF8.self).split(separator: "\n").suffix(12).joined(separator: "\n")
      throw BuildRefused(.buildFailed(log: log, end: end), at: source.folder)
    }
  }

  // MARK: What the change reaches

  /// The compilations that a change of files reaches.
  ///
  /// `target`: the binary, with the donor's symbols.
  /// - Throws: a refusal when the binary has a file of the tree that no call was seen to compile: it might include one of them.
  func units(
    touchedBy diff: SourceDiff, of target: TargetImage, in folder: String
  ) async throws(BuildRefused) -> [TranslationUnit] {
    let touched = Set(diff.files.map { place(of: $0) })
    var all: [TranslationUnit] = []
    let objects = Dictionary(grouping: calls, by: \.object).mapValues(\.count)
    for call in calls where !call.isForOtherPointers {
      // What a configuration compiles to try the compiler is gone when the build has ended.
      for source in call.sources where tree.holds(call.absolute(source)) {
        var unit = TranslationUnit(call, source: source, number: all.count, tree: tree, folder: folder)
        unit.isBuiltOnce = objects[call.object] == 1
        all.append(unit)
      }
    }
    let compiled = Set(all.map { tree.resolved($0.call.absolute($0.source)) })
    // Where every file that is touched is compiled by itself, and by itself only, nobody need be asked what he includes.
    if touched.isSubset(of: compiled), try await !areIncluded(diff.named) {
      return all.filter { touched.contains(tree.resolved($0.call.absolute($0.source))) }
    }
    try checkSeen(target.symbols.files)
    let reads = try await Concurrent.map(all) { unit throws(BuildRefused) in
      touched.intersection(try await unit.dependencies().map { tree.resolved($0) })
    }
    let read = Set(
      diff.files.filter { file in reads.contains { $0.contains(place(of: file)) } }.map { diff.origin(of: $0) })
    try checkReached(diff.named.filter { !read.contains($0) }, namesMadeOtherwise: diff.namesMadeOtherwise)
    return zip(all, reads).filter { !$1.isEmpty }.map { $0.0 }
  }

  /// The path of a file of the tree as commands see it.
  private func place(of file: String) -> String { tree.resolved(SourceTree.normalized("\(tree.place)/\(file)")) }

  /// Refuses what no compilation reads and the program might be made of all the same: what the build makes sources from, assembly,
  /// a new source that it may find by a pattern.
  private func checkReached(_ files: [String], namesMadeOtherwise: Set<String>) throws(BuildRefused) {
    let texts: Set<Substring> = ["h", "hh", "hpp", "hxx", "md", "rst", "adoc", "texi", "pod", "po", "html", "tcl"]
    let folders: Set<Substring> = [
      "test", "tests", "testdata", "testsuite", "result", "results", "expected", "doc", "docs", "man", "debian",
      "examples",
    ]
    let unknown = files.filter { file in
      let parts = file.split(separator: "/")
      let suffix = file.split(separator: ".").last ?? ""
      // A source that was there and was not compiled is not compiled now; what the build copied and changed may be, in its place.
      let isInert =
        (texts.contains(suffix) || isManualPage(file) || CompilerCall.isSource(file) && tree.holds(place(of: file)))
        && !namesMadeOtherwise.contains(WholeFile.name(of: file))
      return !isInert && folders.isDisjoint(with: parts.dropLast())
        && !["NEWS", "README", "TODO", "ChangeLog", "CHANGES", "AUTHORS"].contains(parts.last ?? "")
    }
    guard unknown.isEmpty else {
      throw BuildRefused(unknown.map { BuildRefusal(place: $0, reason: .compileNotSeen) })
    }
  }

  /// Whether a file is named as a manual page is, and begins as one (man-pages(7), groff(7)).
  private func isManualPage(_ file: String) -> Bool {
    guard file.firstMatch(of: /\.[1-8][a-z]*$/) != nil, let text = try? WholeFile.read("\(tree.copy)/\(file)") else {
      return false
    }
    return text.first == UInt8(ascii: ".") || text.first == UInt8(ascii: "'")
  }

  /// Whether a file of the tree seems to include one of these.
  private func areIncluded(_ files: [String]) async throws(BuildRefused) -> Bool {
    let names = files.map { WholeFile.name(of: $0) }.joined(separator: "\n")
    let script = """
      grep -rIhs '^[[:space:]]*#[[:space:]]*include' "$1" | grep -F "$2" > /dev/null && echo yes || true
      """
    let answer = try await BuildTool.run("sh", ["-c", script, "sh", tree.copy, names])
    return answer.output.hasPrefix("yes")
  }

  /// Refuses a binary with a file that no call was seen to compile.
  ///
  /// `files`: those that its symbol table names.
  private func checkSeen(_ files: Set<String>) throws(BuildRefused) {
    let seen = Set(calls.flatMap(\.arguments).map { WholeFile.name(of: $0) })
    let present = Set(Folder.files(below: tree.copy).map { WholeFile.name(of: $0) })
    let unseen = Set(files.map { WholeFile.name(of: $0) }).subtracting(seen).intersection(present)
    guard unseen.isEmpty else {
      throw BuildRefused(unseen.sorted().map { BuildRefusal(place: $0, reason: .compileNotSeen) })
    }
  }
}
