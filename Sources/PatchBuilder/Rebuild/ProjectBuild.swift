internal import Glibc
internal import Patch

/// Makes an artifact from a change of a project's source: builds the old source, compiles what the change touches before
/// and after, and takes the functions that differ.
struct ProjectBuild {
  private let request: ProjectBuildRequest
  private let tree: SourceTree
  private let folder: String
  private let progress: @Sendable (String) -> Void

  /// Compiles, compares, checks and writes what a request asks for.
  ///
  /// `progress`: is told what is being done, in a few words.
  /// - Throws: everything that stands against it; then nothing was written but, where the project's own build failed, its log.
  static func run(
    _ request: ProjectBuildRequest, progress: @escaping @Sendable (String) -> Void
  ) async throws(BuildRefused) -> BuildReport {
    try ArtifactBuild.check(request.artifact)
    let work = try WorkFolder()
    progress("copying \(request.source)")
    let tree = try await SourceTree(request.source, in: work.path)
    let build = ProjectBuild(request: request, tree: tree, folder: work.path, progress: progress)
    return try await build.run()
  }

  private func run() async throws(BuildRefused) -> BuildReport {
    let diff = try await diff()
    let calls = try await buildOld()
    progress("looking for the binary in what was built")
    let donor = try SymbolDonor.find(for: request.artifact.binary, in: tree)
    let target = try TargetImage(path: request.artifact.binary, symbols: donor)
    let units = try await units(calls, touchedBy: diff)
    guard !units.isEmpty else {
      throw BuildRefused(
        diff.files.map { BuildRefusal(place: $0, reason: .compileNotSeen) })
    }
    var parts = try await compare(units, before: diff, target)
    progress("making the artifact")
    while true {
      do throws(BuildRefused) { return try await join(parts, target) } catch {
        // What has no room for a branch is replaced where it is called.
        guard replaceCallers(of: error.refusals, in: &parts) else { throw error }
      }
    }
  }

  // MARK: Before

  /// The change as a diff that applies to the tree.
  private func diff() async throws(BuildRefused) -> SourceDiff {
    switch request.change {
    case .diff(let path): return try await SourceDiff(path, to: tree)
    case .newSource(let new):
      let path = "\(folder)/change.diff"
      // diff(1) ends with 1 when there are differences.
      let script = """
        ln -s "$1" "$4/a" && ln -s "$2" "$4/b" && cd "$4" || exit 2
        diff -ruN --no-dereference a/ b/ > "$3"; [ $? -le 1 ]
        """
      _ = try await BuildTool.run(
        "sh", ["-c", script, "sh", tree.original, WholeFile.absolute(new), path, folder])
      return try await SourceDiff(path, to: tree)
    }
  }

  /// Builds the tree as it is; the calls of compilers that the build made.
  private func buildOld() async throws(BuildRefused) -> [CompilerCall] {
    progress("building the old source: \(request.command)")
    let environment = try CompilerCall.watch(in: folder)
    let log = WholeFile.absolute(request.artifact.output) + ".log"
    do throws(BuildRefused) {
      _ = try await tree.run(
        ["sh", "-c", "exec > \"$0\" 2>&1; eval \"$1\"", log, request.command],
        environment: environment)
    } catch {
      guard case .toolFailed? = error.refusals.first?.reason, let text = try? WholeFile.read(log) else { throw error }
      let end = String(decoding: text, as: UTF8.self).split(separator: "\n").suffix(12).joined(separator: "\n")
      throw BuildRefused(.buildFailed(log: log, end: end), at: request.source)
    }
    // SAFETY: C gets the string for the time of the call.
    _ = unsafe unlink(log)
    return try CompilerCall.read(from: folder)
  }

  /// The compilations that the change reaches.
  private func units(
    _ calls: [CompilerCall], touchedBy diff: SourceDiff
  ) async throws(BuildRefused) -> [TranslationUnit] {
    let touched = Set(diff.files.map { SourceTree.normalized("\(tree.place)/\($0)") })
    var all: [TranslationUnit] = []
    for call in calls {
      // What a configuration compiles to try the compiler is gone when the build has ended.
      for source in call.sources where tree.holds(call.absolute(source)) {
        all.append(TranslationUnit(call, source: source, number: all.count, tree: tree, folder: folder))
      }
    }
    let compiled = Set(all.map { $0.call.absolute($0.source) })
    // Where every file that is touched is compiled by itself, nobody need be asked what he includes.
    let asksAll = !touched.isSubset(of: compiled)
    if asksAll { progress("asking \(all.count) compilations what they include") }
    var found: [TranslationUnit] = []
    for unit in all {
      if touched.contains(unit.call.absolute(unit.source)) {
        found.append(unit)
      } else if asksAll, !touched.isDisjoint(with: try await unit.dependencies()) {
        found.append(unit)
      }
    }
    return found
  }

  // MARK: Comparing

  /// One compilation before and after, and what is different.
  private struct Comparison {
    let unit: TranslationUnit
    /// As the project compiles it, beside the binary.
    var match: BinaryMatch
    /// With the change; a section for each function.
    let new: RelocatableObject
    var difference: ObjectDifference
  }

  private func compare(
    _ units: [TranslationUnit], before diff: SourceDiff, _ target: TargetImage
  ) async throws(BuildRefused) -> [Comparison] {
    progress("compiling \(units.count) file\(units.count == 1 ? "" : "s") before and after")
    var used: [(unit: TranslationUnit, match: BinaryMatch, old: RelocatableObject)] = []
    for unit in units {
      var match = BinaryMatch(try RelocatableObject(path: try await unit.compilePlain()), in: target)
      // A file may be compiled for several programs, and several times.
      guard match.hasAnyFunction() else { continue }
      used.append((unit, match, try RelocatableObject(path: try await unit.compileSectioned("old"))))
    }
    guard !used.isEmpty else { throw BuildRefused(units.map { BuildRefusal(place: $0.name, reason: .compileNotSeen) }) }
    try await diff.apply(to: tree)
    var new: [RelocatableObject] = []
    for part in used { new.append(try RelocatableObject(path: try await part.unit.compileSectioned("new"))) }
    let unmoved = await withLinesRestored(used.map(\.unit), diff)

    var found: [Comparison] = []
    for (index, part) in used.enumerated() {
      let difference = ObjectDifference(from: part.old, to: unmoved?[index] ?? new[index], place: part.unit.name)
      found.append(Comparison(unit: part.unit, match: part.match, new: new[index], difference: difference))
    }
    let chosen = inBinary(found)
    var refusals: [BuildRefusal] = []
    for part in chosen {
      refusals += part.difference.refusals
      if let layout = try await layoutDifference(part.unit) {
        refusals.append(BuildRefusal(place: part.unit.name, symbol: layout.type, reason: .layoutChanged(layout.how)))
      }
    }
    guard refusals.isEmpty else { throw BuildRefused(refusals) }
    let changed = chosen.filter { !$0.difference.changed.isEmpty }
    guard !changed.isEmpty else { throw BuildRefused(.nothingChanged, at: request.artifact.binary) }
    return changed
  }

  /// Of several compilations of one file the one whose changed functions are all in the binary; the first where none is, for
  /// the refusal.
  ///
  /// Projects compile a file once for a program and once for a library, or again for a test.
  private func inBinary(_ parts: [Comparison]) -> [Comparison] {
    var chosen: [Comparison] = []
    for part in parts where !chosen.contains(where: { $0.unit.name == part.unit.name }) {
      let isProven = { (candidate: Comparison) in
        var match = candidate.match
        return candidate.difference.changed.keys.allSatisfy { match.difference(of: $0) == nil }
      }
      chosen.append(parts.first { $0.unit.name == part.unit.name && isProven($0) } ?? part)
    }
    return chosen
  }

  /// The units compiled with the change, but with the old line numbers; nil where that does not compile.
  ///
  /// The last compilation of all: the tree is left with these numbers.
  private func withLinesRestored(_ units: [TranslationUnit], _ diff: SourceDiff) async -> [RelocatableObject]? {
    do throws(BuildRefused) {
      for file in diff.files {
        let path = "\(tree.copy)/\(file)"
        let old = "\(tree.original)/\(file)"
        guard WholeFile.isRegular(path) == true, WholeFile.isRegular(old) == true else { continue }
        let hunks = try await BuildTool.run("sh", ["-c", "diff -U0 \"$1\" \"$2\"; [ $? -le 1 ]", "sh", old, path])
          .output
        let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
        let restored = LineNumbers.restored(in: text, hunks: hunks)
        try WholeFile.write(Array(restored.utf8), to: path)
      }
      var objects: [RelocatableObject] = []
      for unit in units { objects.append(try RelocatableObject(path: try await unit.compileSectioned("unmoved"))) }
      return objects
    } catch {
      // Functions that merely moved then count as changed: more is replaced than must be.
      return nil
    }
  }

  private func layoutDifference(_ unit: TranslationUnit) async throws(BuildRefused) -> (type: String, how: String)? {
    let old = TypeLayouts(path: try await DebugInformation.linked([unit.file("old.o")], to: unit.file("old.debug")))
    let new = TypeLayouts(path: try await DebugInformation.linked([unit.file("new.o")], to: unit.file("new.debug")))
    return old.difference(to: new)
  }

  // MARK: Joining

  /// Takes the callers of functions whose entries cannot be changed in their place; false where that helps nothing.
  private func replaceCallers(of refusals: [BuildRefusal], in parts: inout [Comparison]) -> Bool {
    for refusal in refusals {
      guard case .entry = refusal.reason, let name = refusal.symbol,
        let index = parts.firstIndex(where: { $0.difference.changed[name] != nil }),
        parts[index].difference.replaceCallers(of: name)
      else { return false }
    }
    return true
  }

  /// How a name that is local to one of several files is called outside of it: in another it may be that of something else.
  private static func outerName(_ name: String, of index: Int, among count: Int) -> String {
    count == 1 ? name : "\(name).unit\(index)"
  }

  private func join(_ parts: [Comparison], _ target: TargetImage) async throws(BuildRefused) -> BuildReport {
    var refusals: [BuildRefusal] = []
    var objects: [String] = []
    var changes: [FunctionChange] = []
    var known: [String: TargetSymbol] = [:]
    var notes: [BuildNote] = []
    for (index, part) in parts.enumerated() {
      let outer = { (name: String) in ProjectBuild.outerName(name, of: index, among: parts.count) }
      var match = part.match
      for (name, cause) in part.difference.changed.sorted(by: { $0.key < $1.key }) {
        if let difference = match.difference(of: name) {
          refusals.append(BuildRefusal(place: part.unit.name, symbol: name, reason: .codeDiffers(difference.text)))
          continue
        }
        guard let place = match.place(ofFunction: name) else { continue }
        changes.append(FunctionChange(original: place, definition: outer(name)))
        notes.append(BuildNote(symbol: name, fact: cause.fact(in: part.unit.name)))
      }
      var cut = ObjectCut(part.new, part.difference, names: outer)
      let content: [UInt8]
      do throws(BuildRefusal) { content = try cut.bytes(keeping: part.difference.changed.keys.sorted()) } catch {
        refusals.append(BuildRefusal(place: part.unit.name, symbol: error.symbol, reason: error.reason))
        continue
      }
      let object = "\(folder)/replacement\(index).o"
      try WholeFile.write(content, to: object)
      objects.append(object)
      for (name, external) in cut.externals.sorted(by: { $0.key < $1.key }) {
        if let place = match.place(of: external.symbol, named: external.name), place.kind != .indirectFunction {
          known[name] = place
        } else if external.symbol.binding == .local {
          refusals.append(BuildRefusal(place: part.unit.name, symbol: external.name, reason: .localUnknown))
        }
      }
    }
    guard refusals.isEmpty else { throw BuildRefused(refusals) }
    return try await artifact(parts, target, objects, changes, known, notes)
  }

  private func artifact(
    _ parts: [Comparison], _ target: TargetImage, _ objects: [String], _ changes: [FunctionChange],
    _ known: [String: TargetSymbol], _ notes: [BuildNote]
  ) async throws(BuildRefused) -> BuildReport {
    var build = try await ArtifactBuild(request.artifact, target: target, objects: objects, folder: folder)
    if let call = parts.first?.unit.call {
      let version = try await tree.run([call.tool, "--version"]).output.split(separator: "\n").first
      build.compiler = PatchInfo.Compiler(compiler: version.map { String($0) } ?? call.tool, flags: call.flags)
    }
    build.known = known
    build.notes = notes
    let debug = parts.map { $0.unit.file("new.o") }
    let folder = folder
    return try await build.run(changes) {
      var found: [String: FunctionSignature] = [:]
      for (index, object) in debug.enumerated() {
        guard let signatures = try? await FunctionSignature.read(objects: [object], in: folder) else { continue }
        for (name, signature) in signatures {
          found[ProjectBuild.outerName(name, of: index, among: debug.count)] = signature
        }
      }
      return found
    }
  }
}

extension ObjectDifference.Cause {
  fileprivate func fact(in file: String) -> BuildNote.Fact {
    switch self {
    case .code: .codeChanged(file: file)
    case .constant(let name): .constantChanged(name, file: file)
    case .callee(let name): .callsReplaced(name)
    }
  }
}
