internal import Patch

/// What every artifact is asked for with, wherever its code comes from.
package struct ArtifactRequest: Equatable, Sendable {
  /// The path of the executable or shared library that the patch is for.
  package var binary: String
  /// The patch's name: 1 to 64 of `A-Z a-z 0-9 . _ -`.
  package var name: String
  /// One line for people.
  package var description: String?
  /// What it fixes, such as `CVE-2025-32023`.
  package var fixes: [String]
  /// The path of the artifact to write.
  package var output: String

  package init(binary: String, name: String, description: String? = nil, fixes: [String] = [], output: String) {
    self.binary = binary
    self.name = name
    self.description = description
    self.fixes = fixes
    self.output = output
  }
}

/// From compiled objects to the artifact: the same way for all of them.
struct ArtifactBuild {
  let request: ArtifactRequest
  let target: TargetImage
  /// The objects, joined.
  let replacement: ReplacementObject
  /// How the objects were compiled.
  var compiler = PatchInfo.Compiler(compiler: "", flags: [])
  /// Which of several things of one name the objects mean: `name@0x1f40` or `file.c:name`.
  var choices: [String] = []
  /// Where symbols that the objects leave undefined are known to lie.
  var known: [String: TargetSymbol] = [:]
  var notes: [BuildNote] = []

  private let objects: [String]
  private let folder: String

  /// Joins the objects.
  ///
  /// `objects`: the paths of relocatable objects; each function that replaces another is defined for others.
  /// `folder`: where files of the build may be put.
  init(
    _ request: ArtifactRequest, target: TargetImage, objects: [String], folder: String
  ) async throws(BuildRefused) {
    self.request = request
    self.target = target
    self.objects = objects
    self.folder = folder
    let joined = "\(folder)/replacement.o"
    _ = try await BuildTool.run("ld", ["-r", "-o", joined] + objects)
    replacement = try ReplacementObject(path: joined)
  }

  /// Refuses a request that cannot be meant.
  static func check(_ request: ArtifactRequest) throws(BuildRefused) {
    let allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
    guard (1...64).contains(request.name.utf8.count), request.name.allSatisfy({ allowed.contains($0) }) else {
      throw BuildRefused(.badName, symbol: request.name)
    }
    try check([("description", [request.description ?? ""]), ("fixes", request.fixes)])
  }

  /// Refuses texts that the artifact does not take: people see them on their terminals.
  static func check(_ texts: [(field: String, texts: [String])]) throws(BuildRefused) {
    for (field, texts) in texts {
      let isPlain = texts.allSatisfy { text in
        text.utf8.count <= PatchLimits.text
          && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
      }
      guard isPlain else { throw BuildRefused(.badText, symbol: field) }
    }
  }

  /// Plans the entries, finds what the code refers to, and writes the artifact.
  ///
  /// `changes`: the functions to replace.
  /// `refusals`: what stands against the build already.
  /// `signatures`: what debugging information says of the replacement's functions; asked only where callers know more than the ABI.
  func run(
    _ changes: [FunctionChange], refused refusals: [BuildRefusal] = [],
    signatures: () async -> [String: FunctionSignature]
  ) async throws(BuildRefused) -> BuildReport {
    var planned = try PlannedFunctions(changes, refused: refusals, target: target, replacement: replacement)
    let isRegistered = try ExceptionPassage(target)
      .isNeeded(planned.functions, target: target, replacement: replacement)
    if isRegistered { planned.registerUnwind() }
    let knowledge = try planned.callerKnowledge(target, replacement)
    if !knowledge.isEmpty {
      try planned.keepWhatCallersKnow(knowledge, signatures: await signatures(), target: target)
    }

    let assembly = planned.assembly
    let symbols = try await assembledSymbols(assembly)
    var resolver = ReferenceResolver(target, choices: choices, known: known)
    for symbol in symbols where planned.places[symbol.name] == nil {
      resolver.resolve(symbol.name, weak: symbol.binding == .weak)
    }
    guard resolver.refusals.isEmpty else { throw BuildRefused(resolver.refusals) }
    let info = PatchInfo(
      name: request.name, description: request.description, fixes: request.fixes,
      target: PatchInfo.Target(
        buildID: target.buildID, kind: target.kind, pathHint: WholeFile.absolute(request.binary), soname: target.soname),
      compiler: compiler, functions: planned.functions,
      targetReferences: (resolver.references + planned.places.values).sorted { $0.symbol < $1.symbol },
      imports: resolver.imports.sorted { $0.symbol < $1.symbol },
      registration: isRegistered ? RegistrationRoutines.names : nil)
    let content = try await join(assembly, info)
    let artifact = try readBack(content, info)
    try WholeFile.write(content, to: request.output)
    return BuildReport(
      artifact: request.output, sha256: artifact.id, info: info,
      manifest: ManifestSnippet(info: info, artifact: request.output, sha256: artifact.id).text,
      notes: notes + planned.notes)
  }

  /// What the replacement and the generated code leave undefined together.
  private func assembledSymbols(_ assembly: GeneratedAssembly) async throws(BuildRefused) -> [ElfSymbol] {
    try ReplacementObject(path: try await assemble(assembly, info: nil)).undefined
  }

  /// The artifact's bytes.
  private func join(_ assembly: GeneratedAssembly, _ info: PatchInfo) async throws(BuildRefused) -> [UInt8] {
    let json: [UInt8]
    do { json = try info.encoded() } catch { throw BuildRefused(.artifactDamaged(error.cause)) }
    try WholeFile.write(json, to: "\(folder)/info.json")
    return try WholeFile.read(try await assemble(assembly, info: "info.json"))
  }

  private func assemble(_ assembly: GeneratedAssembly, info: String?) async throws(BuildRefused) -> String {
    let source = "\(folder)/generated.s"
    let object = "\(folder)/generated.o"
    let joined = "\(folder)/joined.o"
    try WholeFile.write(Array(assembly.source(info: info).utf8), to: source)
    _ = try await BuildTool.run("as", ["--64", "-I", folder, "-o", object, source])
    _ = try await BuildTool.run("ld", ["-r", "-o", joined] + objects + [object])
    return joined
  }

  private func readBack(_ content: [UInt8], _ info: PatchInfo) throws(BuildRefused) -> PatchArtifact {
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
