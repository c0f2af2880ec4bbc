import Glibc
import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("A build depends on its inputs alone")
struct BuildInputTests {
  static let target = "__attribute__((noipa)) int f(int x) { return x; }\nvoid cases(void) {}\n"
  static let replacement = """
    #include <stdio.h>
    #include "level.h"
    int f(int x) { return printf("%s %s %d", __FILE__, __TIME__, x) + LEVEL; }
    """

  @Test("The same files in two folders give the same bytes", arguments: ["gcc", "clang"], [[], ["-g"]])
  func folders(compiler: String, flags: [String]) async throws {
    let program = try PatchedProgram(Self.target)
    var made: [[UInt8]] = []
    for _ in 0..<2 {
      let folder = try TemporaryDirectory()
      try PatchedProgram.write(Self.replacement, to: folder.file("fix.c"))
      try PatchedProgram.write("#define LEVEL 3\n", to: folder.file("level.h"))
      let report = try await PatchBuild.run(
        BuildRequest(
          binary: program.binary, sources: [folder.file("fix.c")], functions: ["f"], name: "fix",
          output: folder.file("fix.lpatch"), compiler: compiler, flags: ["-Wno-date-time"] + flags))
      let bytes = try PatchedProgram.read(report.artifact)
      #expect(!String(decoding: bytes, as: UTF8.self).contains(folder.path))
      made.append(bytes)
    }
    #expect(made[0] == made[1])
  }

  @Test(
    "Text with control characters is refused before anything runs",
    arguments: ["two\nlines", "\u{1b}[31mred", "null\0", "\u{9b}31m"])
  func controlCharacters(text: String) async throws {
    let program = try PatchedProgram(Self.target)
    let source = program.folder.file("fix.c")
    try PatchedProgram.write("int f(int x) { return x + 1; }", to: source)
    let request = BuildRequest(
      binary: program.binary, sources: [source], functions: ["f"], name: "fix", description: text,
      output: program.folder.file("fix.lpatch"))
    await #expect(throws: BuildRefused(.badText, symbol: "description")) { try await PatchBuild.run(request) }
    var fixes = request
    fixes.artifact.description = nil
    fixes.artifact.fixes = ["CVE-2025-1", text]
    await #expect(throws: BuildRefused(.badText, symbol: "fixes")) { try await PatchBuild.run(fixes) }
    // SAFETY: C gets the string for the time of the call.
    let isThere = unsafe access(program.folder.file("fix.lpatch"), F_OK) == 0
    #expect(!isThere)
  }
}
