internal import Patch

/// Makes artifacts: the one entry point of this target.
package enum PatchBuild {
  /// Compiles, checks and writes what a request asks for.
  ///
  /// - Throws: everything that stands against it; then nothing was written.
  package static func run(_ request: BuildRequest) async throws(BuildRefused) -> BuildReport {
    try ArtifactBuild.check(request.artifact)
    guard !request.functions.isEmpty, !request.sources.isEmpty else { throw BuildRefused(.nothingToReplace) }
    try ArtifactBuild.check([("flags", request.flags)])
    let target = try TargetImage(path: request.artifact.binary, symbols: request.symbols)
    let work = try WorkFolder()
    let compiler = try await ReplacementCompiler(request, for: target)
    var notes: [BuildNote] = []
    let objects = try await compile(request, compiler, work, &notes)
    var build = try await ArtifactBuild(request.artifact, target: target, objects: objects, folder: work.path)
    build.compiler = PatchInfo.Compiler(compiler: compiler.version, flags: compiler.flags)
    build.choices = request.choices
    build.notes = notes
    let (changes, refusals) = changes(request, target, build.replacement)
    let folder = work.path
    return try await build.run(changes, refused: refusals) {
      await signatures(request, compiler, in: folder)
    }
  }

  /// Makes an artifact from a change of a project's source.
  ///
  /// `progress`: is told what is being done, in a few words.
  /// - Throws: everything that stands against it; then nothing was written but, where the project's own build failed, its log.
  package static func run(
    _ request: ProjectBuildRequest, progress: @escaping @Sendable (String) -> Void
  ) async throws(BuildRefused) -> BuildReport {
    try await ProjectBuild.run(request, progress: progress)
  }

  /// The functions that the request names, and what is wrong with its names.
  private static func changes(
    _ request: BuildRequest, _ target: TargetImage, _ replacement: ReplacementObject
  ) -> ([FunctionChange], [BuildRefusal]) {
    let finder = ReplacedFunctionFinder(target: target)
    var changes: [FunctionChange] = []
    var refusals: [BuildRefusal] = []
    for text in request.functions {
      do throws(BuildRefusal) {
        let symbol = try finder.find(text)
        guard replacement.functions[symbol.name] != nil else {
          throw BuildRefusal(symbol: symbol.name, reason: .notDefined)
        }
        changes.append(FunctionChange(original: symbol, definition: symbol.name))
      } catch {
        refusals.append(error)
      }
    }
    return (changes, refusals)
  }

  /// Compiles each file; the objects' paths.
  private static func compile(
    _ request: BuildRequest, _ compiler: ReplacementCompiler, _ work: borrowing WorkFolder, _ notes: inout [BuildNote]
  ) async throws(BuildRefused) -> [String] {
    var refusals: [BuildRefusal] = []
    for (index, source) in request.sources.enumerated() {
      do {
        let warnings = try await compiler.compile(source, to: work.file("replacement\(index).o"))
        if !warnings.isEmpty {
          notes.append(BuildNote(symbol: nil, fact: .compilerWarnings(source: source, text: warnings)))
        }
      } catch {
        refusals += error.refusals
      }
    }
    guard refusals.isEmpty else { throw BuildRefused(refusals) }
    return request.sources.indices.map { work.file("replacement\($0).o") }
  }

  /// The signatures of the replacement's functions, from a second compilation with debugging information; empty when that fails,
  /// so that nothing is taken for known.
  private static func signatures(
    _ request: BuildRequest, _ compiler: ReplacementCompiler, in folder: String
  ) async -> [String: FunctionSignature] {
    var objects: [String] = []
    do throws(BuildRefused) {
      for (index, source) in request.sources.enumerated() {
        let object = "\(folder)/debug\(index).o"
        _ = try await compiler.compile(source, to: object, extra: ["-g", "-gno-split-dwarf"])
        objects.append(object)
      }
      return try await FunctionSignature.read(objects: objects, in: folder)
    } catch {
      return [:]
    }
  }
}
