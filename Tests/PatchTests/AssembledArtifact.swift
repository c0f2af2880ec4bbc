import ArtifactKit
import Patch
import VictimKit

/// Artifacts of a few lines of assembly, for relocations that compilers emit rarely or never.
enum AssembledArtifact {
  /// An artifact whose replacement is `fixed`, which returns at once, and whose other content is given.
  static func make(
    _ assembly: String, adjust: @escaping @Sendable (inout PatchInfo) -> Void = { _ in },
    adjustText: @escaping @Sendable (String) -> String = { $0 }
  ) throws -> [UInt8] {
    let host = try ImageHost(flags: ["-pie", "-fPIE"])
    let directory = try TemporaryDirectory()
    let text = """
      .text
      .globl fixed
      .type fixed, @function
      fixed: ret
      .size fixed, .-fixed
      .section .note.GNU-stack,"",@progbits
      \(assembly)

      """
    try TestFile.write(Array(text.utf8), to: directory.file("assembled.s"))
    var recipe = ArtifactRecipe(
      sources: [directory.file("assembled.s")], flags: [], target: host.elf,
      functions: [try HostEntry.direct(replacement: "fixed", in: host.elf)])
    recipe.adjust = adjust
    recipe.adjustText = adjustText
    return try recipe.make(in: directory)
  }

  static let base = RemoteAddress(0x5555_0000_0000)
  static let bias: UInt64 = 0x5555_5555_4000
  static let far = RemoteAddress(0x7fff_f000_0000)

  /// Links at ``base``; every import is at ``far`` unless said otherwise.
  static func link(
    _ artifact: PatchArtifact, imports: [RemoteAddress?]? = nil, at base: RemoteAddress = base
  ) throws(LinkRefused) -> LinkedImage {
    try PatchLinker(artifact, ledgerSize: 0).link(
      at: base, bias: bias, stateWord: RemoteAddress(0x1000), bit: 0,
      imports: imports ?? artifact.info.imports.map { _ in far })
  }
}
