/// Reads manifests: paths in, the wanted state and everything that is wrong out.
package struct ManifestLoader: Sendable {
  /// The folder that the standard folders are looked for in; `/` but in tests.
  package var root: String

  /// Makes a loader.
  package init(root: String = "/") {
    self.root = root
  }

  /// Reads the manifests that the paths name, or without a path those of the standard folders.
  ///
  /// A folder stands for its `*.yaml` and `*.yml` by name. A file that several paths name is read once.
  package func load(_ paths: [String]) -> LoadedManifests {
    var gathered = Gathered()
    var search: ManifestSearch?
    if paths.isEmpty {
      let (found, problems) = searched()
      search = found
      gathered.problems = problems
      for path in found.paths { gathered.takeMember(path) }
    } else {
      for path in paths { gathered.take(path) }
    }
    var loaded = load(inputs: gathered.inputs)
    loaded.diagnostics = gathered.problems + loaded.diagnostics
    loaded.search = search
    return loaded
  }

  /// Reads manifests that are in memory.
  package func load(inputs: [ManifestInput]) -> LoadedManifests {
    var loaded = LoadedManifests(inputs: inputs)
    var ownership = Ownership()
    for input in inputs {
      let (results, diagnostics) = ManifestLoader.read(input, &ownership)
      loaded.patchSets += results
      loaded.diagnostics += diagnostics
    }
    return loaded
  }

  private static func read(
    _ input: ManifestInput, _ ownership: inout Ownership
  ) -> (patchSets: [PatchSet], diagnostics: [Diagnostic]) {
    guard input.bytes.count <= SourceText.maximumBytes else {
      return ([], [FileProblem.tooLarge(input.path)])
    }
    var report = FileReport(source: SourceText(path: input.path, bytes: input.bytes))
    guard report.source.invalid.isEmpty else {
      let isUTF16 = input.bytes.starts(with: [0xff, 0xfe]) || input.bytes.starts(with: [0xfe, 0xff])
      for place in report.source.invalid.prefix(isUTF16 ? 1 : 10) {
        report.error(
          .notUTF8, at: place..<(place + 1), "bytes that are not UTF-8; the rest of this file was not checked",
          hint: isUTF16 ? "it looks like UTF-16; save it as UTF-8" : nil)
      }
      return ([], report.diagnostics)
    }
    let text = report.checkedCharacters()
    // What is wrong with the characters belongs to no document; it makes none of them sound.
    let hasCleanText = report.diagnostics.isEmpty
    let documents = YAMLComposer.documents(in: text, report: &report)
    if documents.isEmpty, report.diagnostics.isEmpty {
      report.error(.emptyDocument, at: 0..<0, "nothing in this file", hint: "delete it, or write a manifest")
    }
    let hasCleanYAML = hasCleanText && report.diagnostics.isEmpty
    var patchSets: [PatchSet] = []
    var clashes: [Diagnostic] = []
    for document in documents {
      var reader = DocumentReader(report: report)
      let result = reader.read(document)
      report = reader.report
      guard let result else { continue }
      var isSound = result.isSound && hasCleanYAML
      for (build, range) in zip(result.patchSet.builds, result.buildRanges) where !result.patchSet.binary.isEmpty {
        let claim = claim(result.patchSet, build, at: range, &report)
        guard let clash = ownership.take(claim) else { continue }
        isSound = false
        clashes.append(clash)
      }
      if isSound { patchSets.append(result.patchSet) }
    }
    let all = (report.diagnostics + clashes).enumerated()
    return (patchSets, all.sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element))
  }

  private static func claim(
    _ patchSet: PatchSet, _ build: PatchSet.Build, at range: Range<Int>, _ report: inout FileReport
  ) -> Ownership.Claim {
    var error = report.make(
      .error, .twoOwners, at: range,
      "the build \(quoted(build.buildID)) of \(quoted(patchSet.binary)) has an owner already")
    error.hint = "join the two lists"
    let note = report.make(
      .note, .twoOwners, at: range, "\(quoted(patchSet.name)) owns it here, for \(quoted(patchSet.binary))")
    return Ownership.Claim(binary: patchSet.binary, buildID: build.buildID, error: error, note: note)
  }
}
