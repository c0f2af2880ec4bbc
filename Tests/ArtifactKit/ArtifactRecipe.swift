package import Patch
package import VictimKit

/// Makes an artifact out of C and assembly for a test, as docs/artifact.md says: compile, describe, join with `ld -r`.
package struct ArtifactRecipe: Sendable {
  /// The files to compile: paths of C or assembly.
  package var sources: [String]
  package var compiler = "gcc"
  package var flags: [String]
  /// The executable or library that the artifact is made for; its symbols are the target references.
  package var target: ElfFile
  /// Symbols that are left to be imports even where the target defines them.
  package var neverTarget: Set<String> = []
  package var functions: [ReplacedFunction]
  package var name = "test"
  /// What a test does to the description before it is written.
  package var adjust: @Sendable (inout PatchInfo) -> Void = { _ in }
  /// What a test does to the description's text.
  package var adjustText: @Sendable (String) -> String = { $0 }

  package init(
    sources: [String], compiler: String = "gcc", flags: [String], target: ElfFile, functions: [ReplacedFunction]
  ) {
    self.sources = sources
    self.compiler = compiler
    self.flags = flags
    self.target = target
    self.functions = functions
  }

  /// The artifact's bytes.
  package func make(in directory: TemporaryDirectory) throws -> [UInt8] {
    var objects: [String] = []
    for (index, source) in sources.enumerated() {
      let object = directory.file("part\(index).o")
      let assembler = source.hasSuffix(".s") ? "gcc" : compiler
      _ = try Command.output([assembler, "-c", "-o", object, source] + (source.hasSuffix(".s") ? [] : flags))
      objects.append(object)
    }
    let joined = directory.file("joined.o")
    _ = try Command.output(["ld", "-r", "-o", joined] + objects)
    var info = try describe(try ElfFile(path: joined))
    adjust(&info)
    let text = adjustText(String(decoding: try info.encoded(), as: UTF8.self))
    return try ArtifactRecipe.join(joined, with: Array(text.utf8), in: directory)
  }

  /// Adds a description to an object.
  package static func join(
    _ object: String, with info: [UInt8], in directory: TemporaryDirectory
  ) throws -> [UInt8] {
    try TestFile.write(info, to: directory.file("info.json"))
    let assembly = """
      .section .lpatch.info,"",@progbits
      .incbin "\(directory.file("info.json"))"
      .section .note.GNU-stack,"",@progbits

      """
    try TestFile.write(Array(assembly.utf8), to: directory.file("info.s"))
    _ = try Command.output(["gcc", "-c", "-o", directory.file("info.o"), directory.file("info.s")])
    let result = directory.file("result.lpatch")
    _ = try Command.output(["ld", "-r", "-o", result, object, directory.file("info.o")])
    return try TestFile.read(result)
  }

  /// The description of an object: each undefined symbol that the target defines is a place of it, the others are imports.
  package func describe(_ object: ElfFile) throws -> PatchInfo {
    var places: [String: ElfSymbol] = [:]
    for symbol in try target.symbols(.full) where symbol.isDefined && !neverTarget.contains(symbol.name) {
      switch symbol.type {
      case .function, .object, .threadLocal, .none: places[symbol.name] = symbol
      default: break
      }
    }
    var references: [TargetReference] = []
    var imports: [ImportReference] = []
    for symbol in try object.symbols(.full).sorted(by: { $0.name < $1.name })
    where !symbol.isDefined && !PatchSymbol.definedByLinker.contains(symbol.name) {
      if let place = places[symbol.name] {
        let offset = place.type == .threadLocal ? target.threadPointerOffset(ofSymbolValue: place.value) : nil
        references.append(
          TargetReference(
            symbol.name, at: LinkAddress(offset.map(UInt64.init(bitPattern:)) ?? place.value),
            kind: place.type == .threadLocal ? .threadLocal : place.type == .function ? .function : .object))
      } else {
        imports.append(ImportReference(symbol.name, version: nil, library: nil, weak: symbol.binding == .weak))
      }
    }
    guard let buildID = try target.buildID(), let kind = try target.targetKind() else {
      throw VictimTrouble("the target has no build-id or is not linked")
    }
    return PatchInfo(
      name: name, description: nil, fixes: [],
      target: PatchInfo.Target(buildID: buildID, kind: kind, pathHint: "/test/target", soname: nil),
      compiler: PatchInfo.Compiler(compiler: compiler, flags: flags), functions: functions,
      targetReferences: references, imports: imports)
  }
}
