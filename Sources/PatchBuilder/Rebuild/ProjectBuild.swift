internal import Glibc
internal import Patch

/// Makes an artifact from a change of a project's source: builds the old source, compiles what the change touches before
/// and after, and takes the functions that differ.
struct ProjectBuild {
  private let request: ProjectBuildRequest
  private let source: ProjectSource
  private let baseline: Baseline
  private let diff: SourceDiff
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
    try WholeFile.checkReadable(request.artifact.binary)
    let work = try WorkFolder()
    var cache: BuildCache?
    if let folder = request.cache { cache = try await BuildCache(folder) }
    let source = try await ProjectSource.find(request, cache: cache, work: work.path, progress: progress)
    let diff = try await diff(request, source, in: work.path)
    let baseline = try await Baseline.make(
      source, for: request.artifact.binary, knowsSource: request.knowsSource,
      log: WholeFile.absolute(request.artifact.output) + ".log", in: work.path,
      cache: cache, progress: progress)
    let build = ProjectBuild(
      request: request, source: source, baseline: baseline, diff: diff, folder: work.path, progress: progress)
    return try await build.run()
  }

  /// The change as a diff that applies to the source.
  private static func diff(
    _ request: ProjectBuildRequest, _ source: ProjectSource, in folder: String
  ) async throws(BuildRefused) -> SourceDiff {
    switch request.change {
    case .diff(let path): return try await SourceDiff(path, to: source.folder)
    case .newSource(let new):
      let path = "\(folder)/change.diff"
      // diff(1) ends with 1 when there are differences.
      let script = """
        ln -s "$1" "$4/a" && ln -s "$2" "$4/b" && cd "$4" || exit 2
        diff -ruN --no-dereference a/ b/ > "$3"; [ $? -le 1 ]
        """
      _ = try await BuildTool.run("sh", ["-c", script, "sh", source.folder, WholeFile.absolute(new), path, folder])
      return try await SourceDiff(path, to: source.folder)
    }
  }

  private func run() async throws(BuildRefused) -> BuildReport {
    let target = try TargetImage(
      path: request.artifact.binary, symbols: baseline.donor.path, moved: baseline.donor.moved)
    var parts = try await compare(target)
    var usesOffsetTable = false
    progress("making the artifact")
    while true {
      do throws(BuildRefused) { return try await join(parts, target) } catch {
        if !usesOffsetTable, error.refusals.contains(where: \.isOutOfReach) {
          // A library's variable that the program has no copy of, and that is too far from its code.
          guard let others = try? await compare(target, usesOffsetTable: true) else { throw error }
          (parts, usesOffsetTable) = (others, true)
        } else if !replaceCallers(of: error.refusals, in: &parts) {
          // What has no room for a branch was to be replaced where it is called.
          throw error
        }
      }
    }
  }

  private func compare(
    _ target: TargetImage, usesOffsetTable: Bool = false
  ) async throws(BuildRefused) -> [SourceComparison] {
    try await SourceComparison.make(
      baseline, diff, original: source.folder, target: target, in: folder, usesOffsetTable: usesOffsetTable,
      progress: progress)
  }

  // MARK: Joining

  /// Takes the callers of functions whose entries cannot be changed in their place; false where that helps nothing.
  private func replaceCallers(of refusals: [BuildRefusal], in parts: inout [SourceComparison]) -> Bool {
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

  private func join(_ parts: [SourceComparison], _ target: TargetImage) async throws(BuildRefused) -> BuildReport {
    var refusals: [BuildRefusal] = []
    var changes: [FunctionChange] = []
    var notes: [BuildNote] = []
    var ownership = MemoryOwnership()
    for (index, part) in parts.enumerated() {
      var match = part.match
      var use = FunctionUse(part.difference.oldTargets)
      var newUse = FunctionUse(part.difference.newTargets)
      for (name, cause) in part.difference.changed.sorted(by: { $0.key < $1.key }) {
        if let difference = match.difference(of: name) {
          refusals.append(BuildRefusal(place: part.unit.name, symbol: name, reason: .codeDiffers(difference.text)))
          continue
        }
        guard let place = match.place(ofFunction: name) else { continue }
        let definition = ProjectBuild.outerName(name, of: index, among: parts.count)
        changes.append(FunctionChange(original: place, definition: definition))
        notes.append(BuildNote(symbol: name, fact: cause.fact(in: part.unit.name)))
        notes += use.facts(of: name, now: &newUse).map { BuildNote(symbol: name, fact: $0) }
        ownership.add(name, of: part.unit.name, from: &use, to: &newUse)
      }
    }
    if request.accepts.contains(.memoryOwnership) {
      notes += ownership.notes
    } else {
      refusals += ownership.refusals
    }
    let cuts = cuts(of: parts, &refusals)
    var objects: [String] = []
    var known: [String: TargetSymbol] = [:]
    for cut in cuts {
      let part = parts[cut.part]
      let object = "\(folder)/replacement\(cut.part).o"
      try WholeFile.write(cut.content, to: object)
      objects.append(object)
      for (name, external) in cut.references.externals.sorted(by: { $0.key < $1.key }) {
        if let place = part.match.place(of: external.symbol, named: external.name), place.kind != .indirectFunction {
          known[name] = place
        } else if external.symbol.binding == .local {
          refusals.append(BuildRefusal(place: part.unit.name, symbol: external.name, reason: .localUnknown))
        }
      }
      for (name, address) in cut.references.targetStrings {
        known[name] = TargetSymbol(name: name, file: nil, address: address, size: 0, kind: .object, isLocal: true)
      }
    }
    guard refusals.isEmpty else { throw BuildRefused(refusals) }
    return try await artifact(parts, target, objects, changes, known, notes)
  }

  /// What is taken of one file.
  private struct Cut {
    /// The file's place among the parts.
    let part: Int
    let content: [UInt8]
    /// What it refers to.
    let references: ObjectCut
  }

  /// What is taken of each file: its changed functions, and what it adds for those of the others.
  private func cuts(of parts: [SourceComparison], _ refusals: inout [BuildRefusal]) -> [Cut] {
    let strings = parts.map { part in
      var match = part.match
      return match.strings()
    }
    var exported = [Set<String>](repeating: [], count: parts.count)
    while true {
      var cuts: [Cut] = []
      var found: [BuildRefusal] = []
      for (index, part) in parts.enumerated() {
        let outer = { (name: String) in ProjectBuild.outerName(name, of: index, among: parts.count) }
        var cut = ObjectCut(part.new, part.difference, strings: strings[index], names: outer)
        do throws(BuildRefusal) {
          let content = try cut.bytes(keeping: part.difference.changed.keys.sorted(), exporting: exported[index])
          cuts.append(Cut(part: index, content: content, references: cut))
        } catch {
          found.append(BuildRefusal(place: part.unit.name, symbol: error.symbol, reason: error.reason))
        }
      }
      let missing = Set(cuts.flatMap { $0.references.externals.keys }).subtracting(exported.joined())
      var isComplete = true
      for name in missing.sorted() {
        guard
          let index = parts.firstIndex(where: {
            $0.difference.added.contains(name) && $0.new.definesForOthers(name)
          })
        else { continue }
        exported[index].insert(name)
        isComplete = false
      }
      if isComplete {
        refusals += found
        return cuts
      }
    }
  }

  private func artifact(
    _ parts: [SourceComparison], _ target: TargetImage, _ objects: [String], _ changes: [FunctionChange],
    _ known: [String: TargetSymbol], _ notes: [BuildNote]
  ) async throws(BuildRefused) -> BuildReport {
    var build = try await ArtifactBuild(request.artifact, target: target, objects: objects, folder: folder)
    if let call = parts.first?.unit.call {
      let version = try await baseline.tree.run([call.tool, "--version"]).output.split(separator: "\n").first
      build.compiler = PatchInfo.Compiler(compiler: version.map { String($0) } ?? call.tool, flags: call.flags)
    }
    build.known = known
    build.notes = notes
    if let moved = baseline.donor.moved { build.notes.append(BuildNote(fact: .rebuildDiffers(moved.text))) }
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

extension BuildRefusal {
  /// Whether a reference leads to where no instruction of the patch reaches.
  fileprivate var isOutOfReach: Bool {
    let types: [X86_64RelocationType] = [.pc32, .absolute32, .signed32]
    if case .relocation(let name) = reason { return types.contains { $0.name == name } }
    return false
  }
}
