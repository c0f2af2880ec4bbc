import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("Linked code does what the same source does when the compiler's linker links it")
struct LinkedCodeRunsTests {
  /// One way of compiling a replacement.
  struct Way: Sendable, CustomTestStringConvertible {
    var compiler: String
    var flags: [String]
    var testDescription: String { ([compiler] + flags).joined(separator: " ") }
  }

  /// The functions of `image-features.c`.
  static let features = [
    "jump_table", "strings", "statics", "doubles", "thread_local", "variable_arguments", "structures", "tables",
    "computed_goto", "weak", "recursion", "memory",
  ]

  static let levels = ["-O0", "-O1", "-O2", "-O3", "-Os"]
  static let ways: [Way] = ["gcc", "clang"].flatMap { compiler in
    levels.flatMap { level in
      ["-fno-pic", "-fPIC", "-fPIE"].map { Way(compiler: compiler, flags: [level, $0]) }
    } + [
      Way(compiler: compiler, flags: ["-O2", "-fPIC", "-fno-plt"]),
      Way(compiler: compiler, flags: ["-O2", "-fPIC", "-DHIDDEN_TLS"]),
      Way(compiler: compiler, flags: ["-O1", "-fPIC", "-fno-plt", "-DHIDDEN_TLS"]),
      Way(compiler: compiler, flags: ["-O2", "-fPIC", "-mtls-dialect=gnu2"]),
      Way(compiler: compiler, flags: ["-O2", "-fno-pic", "-mcmodel=large"]),
      Way(compiler: compiler, flags: ["-O2", "-fPIE", "-mcmodel=large"]),
      Way(compiler: compiler, flags: ["-O2", "-fPIC", "-mcmodel=medium"]),
      Way(compiler: compiler, flags: ["-O2", "-fPIE", "-fcommon"]),
      Way(compiler: compiler, flags: ["-O2", "-fPIE", "-ffunction-sections", "-fdata-sections", "-fcf-protection"]),
    ]
  }
  static let independent = ways.filter { !$0.flags.contains("-fno-pic") || $0.flags.contains("-mcmodel=large") }

  @Test("In an executable that is mapped where it was linked", arguments: ways)
  func fixed(way: Way) throws {
    try run(way, hostFlags: ["-no-pie", "-fno-pic"], base: RemoteAddress(0x1000_0000))
  }

  @Test("In a position-independent executable", arguments: independent)
  func movable(way: Way) throws {
    try run(way, hostFlags: ["-pie", "-fPIE"], base: nil)
  }

  private func run(_ way: Way, hostFlags: [String], base: RemoteAddress?) throws {
    let host = try ImageHost(flags: hostFlags)
    let directory = try TemporaryDirectory()
    var recipe = ArtifactRecipe(
      sources: [VictimProgram.sources + "/image-features.c"], compiler: way.compiler, flags: way.flags,
      target: host.elf,
      functions: [])
    // One whose address is not taken: nothing is written to the host's own function, which that address would lead to.
    recipe.functions = [try HostEntry.direct(replacement: "replacement_strings", in: host.elf)]
    let artifact = try PatchArtifact(reading: try recipe.make(in: directory))
    let linker = PatchLinker(artifact, ledgerSize: 4096)
    // 1 GiB below the host: in reach of the host, as far from the libraries as the kernel puts them.
    let near = RemoteAddress(host.bias &- (1 << 30))
    let base = base ?? near
    let image = try linker.link(
      at: base, bias: host.bias, stateWord: RemoteAddress(0x1000), bit: 0,
      imports: try artifact.info.imports.map { try host.resolve($0.symbol) })
    try host.load(image, at: base, layout: linker.layout)
    for feature in LinkedCodeRunsTests.features {
      let code = try #require(
        image.codeRanges.first { $0.kind == .function(name: "replacement_\(feature)") }, "\(feature) has a code range")
      let answer = try host.compare(
        try host.address("reference_\(feature)"), code.range.lowerBound, count: 300)
      #expect(answer == "same", "\(feature)")
    }
  }
}
