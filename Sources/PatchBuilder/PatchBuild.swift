internal import Patch

/// Makes artifacts: the one entry point of this target.
package enum PatchBuild {
  /// Compiles, checks and writes what a request asks for.
  ///
  /// - Throws: everything that stands against it; then nothing was written.
  package static func run(_ request: BuildRequest) async throws(BuildRefused) -> BuildReport {
    try check(request)
    let target = try TargetImage(path: request.binary, symbols: request.symbols)
    let work = try WorkFolder()
    let compiler = try await ReplacementCompiler(request, for: target)
    var notes: [BuildNote] = []
    let replacement = try await compile(request, compiler, work, &notes)
    var planned = try PlannedFunctions(request, target: target, replacement: replacement)
    let thrown = ExceptionPassage(target).refusals(planned.functions, target: target, replacement: replacement)
    guard thrown.isEmpty else { throw BuildRefused(thrown) }
    let knowledge = try planned.callerKnowledge(target, replacement)
    if !knowledge.isEmpty {
      let signatures = await signatures(request, compiler, work)
      try planned.keepWhatCallersKnow(knowledge, signatures: signatures, target: target)
    }
    notes += planned.notes

    let assembly = planned.assembly
    let symbols = try await assembledSymbols(assembly, request, work)
    var resolver = ReferenceResolver(target, choices: request.choices)
    for symbol in symbols where planned.places[symbol.name] == nil {
      resolver.resolve(symbol.name, weak: symbol.binding == .weak)
    }
    guard resolver.refusals.isEmpty else { throw BuildRefused(resolver.refusals) }
    let info = PatchInfo(
      name: request.name, description: request.description, fixes: request.fixes,
      target: PatchInfo.Target(
        buildID: target.buildID, kind: target.kind, pathHint: WholeFile.absolute(request.binary), soname: target.soname),
      compiler: PatchInfo.Compiler(compiler: compiler.version, flags: compiler.flags), functions: planned.functions,
      targetReferences: (resolver.references + planned.places.values).sorted { $0.symbol < $1.symbol },
      imports: resolver.imports.sorted { $0.symbol < $1.symbol })
    let content = try await join(assembly, info, request, work)
    let artifact = try readBack(content, info)
    try WholeFile.write(content, to: request.output)
    return BuildReport(
      artifact: request.output, sha256: artifact.id, info: info,
      manifest: ManifestSnippet(info: info, artifact: request.output, sha256: artifact.id).text, notes: notes)
  }

  private static func check(_ request: BuildRequest) throws(BuildRefused) {
    let allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
    guard (1...64).contains(request.name.utf8.count), request.name.allSatisfy({ allowed.contains($0) }) else {
      throw BuildRefused(.badName, symbol: request.name)
    }
    guard !request.functions.isEmpty, !request.sources.isEmpty else { throw BuildRefused(.nothingToReplace) }
    // As the artifact's own rules are: people see these texts on their terminals.
    let texts = [("description", [request.description ?? ""]), ("fixes", request.fixes), ("flags", request.flags)]
    for (field, texts) in texts {
      let isPlain = texts.allSatisfy { text in
        text.utf8.count <= PatchLimits.text
          && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
      }
      guard isPlain else { throw BuildRefused(.badText, symbol: field) }
    }
  }

  /// Compiles each file and joins the objects.
  private static func compile(
    _ request: BuildRequest, _ compiler: ReplacementCompiler, _ work: borrowing WorkFolder, _ notes: inout [BuildNote]
  ) async throws(BuildRefused) -> ReplacementObject {
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
    let joined = work.file("replacement.o")
    _ = try await BuildTool.run("ld", ["-r", "-o", joined] + objects(request, work.path))
    return try ReplacementObject(path: joined)
  }

  /// The signatures of the replacement's functions, from a second compilation with debugging information; empty when that fails,
  /// so that nothing is taken for known.
  private static func signatures(
    _ request: BuildRequest, _ compiler: ReplacementCompiler, _ work: borrowing WorkFolder
  ) async -> [String: FunctionSignature] {
    var objects: [String] = []
    do throws(BuildRefused) {
      for (index, source) in request.sources.enumerated() {
        let object = work.file("debug\(index).o")
        _ = try await compiler.compile(source, to: object, extra: ["-g", "-gno-split-dwarf"])
        objects.append(object)
      }
      // Linked, so that the references between the debugging sections are filled in.
      let linked = work.file("debug")
      _ = try await BuildTool.run("ld", ["--unresolved-symbols=ignore-all", "-e", "0", "-o", linked] + objects)
      return FunctionSignature.read(path: linked)
    } catch {
      return [:]
    }
  }

  private static func objects(_ request: BuildRequest, _ folder: String) -> [String] {
    request.sources.indices.map { "\(folder)/replacement\($0).o" }
  }

  /// What the replacement and the generated code leave undefined together.
  private static func assembledSymbols(
    _ assembly: GeneratedAssembly, _ request: BuildRequest, _ work: borrowing WorkFolder
  ) async throws(BuildRefused) -> [ElfSymbol] {
    let joined = try await assemble(assembly, info: nil, request, work)
    return try ReplacementObject(path: joined).undefined
  }

  /// The artifact's bytes.
  private static func join(
    _ assembly: GeneratedAssembly, _ info: PatchInfo, _ request: BuildRequest, _ work: borrowing WorkFolder
  ) async throws(BuildRefused) -> [UInt8] {
    let json: [UInt8]
    do { json = try info.encoded() } catch { throw BuildRefused(.artifactDamaged(error.cause)) }
    try WholeFile.write(json, to: work.file("info.json"))
    return try WholeFile.read(try await assemble(assembly, info: "info.json", request, work))
  }

  private static func assemble(
    _ assembly: GeneratedAssembly, info: String?, _ request: BuildRequest, _ work: borrowing WorkFolder
  ) async throws(BuildRefused) -> String {
    let source = work.file("generated.s")
    let object = work.file("generated.o")
    let joined = work.file("joined.o")
    try WholeFile.write(Array(assembly.source(info: info).utf8), to: source)
    _ = try await BuildTool.run("as", ["--64", "-I", work.path, "-o", object, source])
    _ = try await BuildTool.run("ld", ["-r", "-o", joined] + objects(request, work.path) + [object])
    return joined
  }

  private static func readBack(_ content: [UInt8], _ info: PatchInfo) throws(BuildRefused) -> PatchArtifact {
    do {
      let artifact = try PatchArtifact(reading: content)
      guard artifact.info == info else {
        throw BuildRefused(.artifactDamaged("its description is not what was written"))
      }
      try TrialLink.check(artifact)
      return artifact
    } catch let damaged as DamagedArtifact {
      throw BuildRefused(.artifactDamaged("\(damaged.field): found \(damaged.found), allowed \(damaged.allowed)"))
    } catch let refused as BuildRefused {
      throw refused
    } catch {
      throw BuildRefused(.artifactDamaged("\(error)"))
    }
  }
}
