import Glibc
import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("The symbols of a stripped binary come from a file that is proved to fit")
struct SymbolSourceTests {
  static let source = """
    #include <stdio.h>
    static volatile int base = 40;
    static __attribute__((noipa)) int hidden(int x) { return base + x; }
    void cases(void) { printf("%d\\n", hidden(2)); }
    """
  static let replacement = "extern volatile int base;\nint hidden(int x) { return base * x; }"

  /// A stripped copy of the program's binary.
  private func stripped(_ program: PatchedProgram) throws -> String {
    let path = program.folder.file("stripped")
    _ = try Command.output(["strip", "-s", "-o", path, program.binary])
    return path
  }

  /// The program linked again from other source or with another build-id.
  private func rebuild(_ program: PatchedProgram, _ source: String) throws -> String {
    try PatchedProgram.write(source, to: program.folder.file("program.c"))
    let path = program.folder.file("rebuild")
    _ = try Command.output([
      "gcc", "-O2", "-fno-pic", "-no-pie", "-Wl,--build-id=0x0123456789abcdef0123456789abcdef01234567", "-o", path,
      program.folder.file("program.c"), Checkout.root + "/Tests/PatchBuilderTests/Programs/driver.c", "-ldl",
    ])
    return path
  }

  private func refusals(_ build: () async throws -> BuildReport) async throws -> [BuildRefusal] {
    do {
      _ = try await build()
      return []
    } catch let refused as BuildRefused {
      return refused.refusals
    }
  }

  @Test("Without symbols a static function is unknown, and the refusal says that the binary is stripped")
  func none() async throws {
    let program = try PatchedProgram(Self.source)
    let binary = try stripped(program)
    let found = try await refusals { try await program.build(Self.replacement, replacing: ["hidden"], binary: binary) }
    #expect(found.map(\.reason) == [.functionUnknown(similar: [], stripped: true)])
  }

  @Test("A rebuild whose loaded sections are the binary's is accepted in spite of its other build-id")
  func donor() async throws {
    let program = try PatchedProgram(Self.source)
    let binary = try stripped(program)
    let report = try await program.build(
      Self.replacement, replacing: ["hidden"], symbols: try rebuild(program, Self.source), binary: binary)
    let phases = try program.run(report)
    #expect(phases["original"] == "42\n")
    #expect(phases["committed"] == "80\n")
    #expect(phases["restored"] == "42\n")
  }

  @Test(
    "A rebuild that differs is refused by the section that does",
    arguments: [("base + x", "base - x", ".text"), ("= 40", "= 41", ".data"), ("%d", "%i", ".rodata")])
  func another(change: (from: String, to: String, section: String)) async throws {
    let program = try PatchedProgram(Self.source)
    let binary = try stripped(program)
    let parts = Self.source.split(separator: change.from, maxSplits: 1)
    let other = try rebuild(program, parts.joined(separator: change.to))
    let found = try await refusals {
      try await program.build(Self.replacement, replacing: ["hidden"], symbols: other, binary: binary)
    }
    #expect(found.map(\.reason) == [.symbolsOfAnotherBuild(why: "the content of \(change.section) differs")])
  }

  @Test("A separate debug file is found by .gnu_debuglink, and by build-id", arguments: [true, false])
  func debugFile(byLink: Bool) async throws {
    // A text of its own gives each case a build-id of its own.
    let program = try PatchedProgram(Self.source + "const char *const text = \"\(byLink) \(getpid())\";\n")
    let binary = try stripped(program)
    let debug = program.folder.file("program.debug")
    _ = try Command.output(["objcopy", "--only-keep-debug", program.binary, debug])
    var system: String?
    // SAFETY: C gets the string for the time of the call.
    defer { if let system { _ = unsafe unlink(system) } }
    if byLink {
      _ = try Command.output(["objcopy", "--add-gnu-debuglink=\(debug)", binary])
    } else {
      let id = try #require(try ElfFile(path: binary).buildID()).description
      let folder = "/usr/lib/debug/.build-id/\(id.prefix(2))"
      _ = try Command.output(["mkdir", "-p", folder])
      let path = "\(folder)/\(id.dropFirst(2)).debug"
      system = path
      _ = try Command.output(["cp", debug, path])
    }
    let report = try await program.build(Self.replacement, replacing: ["hidden"], binary: binary)
    #expect(try program.run(report)["committed"] == "80\n")
  }
}
