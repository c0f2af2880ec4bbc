import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("A change of a project's source becomes a patch for the binary that runs, or is refused by name", .needsRoot)
struct ProjectBuildTests {
  @Test(
    "Exactly the functions that differ are replaced, and the program answers as the new one",
    arguments: ChangedProject.names)
  func change(name: String) async throws {
    let project = try ChangedProject(name)
    try await expectOutcome(of: project)
  }

  static let ways = [
    ChangedProject.Way(flags: ["-O0", "-fno-pie"], link: ["-no-pie"]),
    ChangedProject.Way(
      flags: ["-O3", "-fPIE", "-fcf-protection", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"]),
    ChangedProject.Way(flags: ["-Os", "-fno-pie"], link: ["-no-pie"]),
    ChangedProject.Way(compiler: "clang"),
    ChangedProject.Way(flags: ["-O2", "-fPIC", "-fno-plt", "-g"]),
  ]
  /// The changes that are compiled in every way: one for each kind of thing that a function refers to.
  static let everyWay = [
    "cold-part", "constant-table", "floating", "function-pointers", "header-only", "jump-table", "new-function",
    "new-import",
    "same-names", "static-variables", "strings", "thread-local",
  ]

  @Test("The same whichever compiler, level and model", arguments: ways, everyWay)
  func way(_ way: ChangedProject.Way, name: String) async throws {
    let project = try ChangedProject(name, way)
    let answers = try project.answers(with: try await project.build())
    #expect(answers.patched == answers.new)
  }

  private func expectOutcome(of project: ChangedProject) async throws {
    switch project.outcome {
    case .replaces(let functions):
      let report = try await project.build()
      #expect(Set(report.info.functions.map(\.symbol)) == functions)
      let answers = try project.answers(with: report)
      #expect(answers.patched == answers.new)
      #expect(answers.patched != answers.old, "the change shows")
    case .refused(let code, let symbol):
      let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
      #expect(refused?.refusals.contains { $0.code.rawValue == code && (symbol == nil || $0.symbol == symbol) } == true)
      #expect(try Command.run(["ls", project.folder.file("fix.lpatch")]).status != 0, "nothing was written")
    }
  }

  @Test("The way back: the old answers come again")
  func reverted() async throws {
    let project = try ChangedProject("jump-table")
    let answers = try project.answers(with: try await project.build())
    #expect(answers.reverted == answers.old)
  }

  @Test("From the new version's source comes the same artifact as from the diff, and twice the same")
  func newSource() async throws {
    let project = try ChangedProject("strings")
    let first = try await project.build()
    let again = try await project.build(output: "again.lpatch")
    let other = try await project.build(.newSource(project.folder.file("new")), output: "other.lpatch")
    #expect(first.sha256 == again.sha256)
    #expect(first.sha256 == other.sha256)
  }

  @Test("The user's tree is only read")
  func readOnly() async throws {
    let project = try ChangedProject("header-only")
    let list = ["sh", "-c", "cd \(project.folder.path) && ls -lR old && cat old/*"]
    let before = try Command.output(list)
    _ = try await project.build()
    #expect(try Command.output(list) == before)
  }

  @Test(
    "A diff that does not apply, applies with fuzz only, or changes how to build",
    arguments: ["context", "fuzz", "Makefile"])
  func diff(kind: String) async throws {
    let project = try ChangedProject("immediate")
    let path = project.folder.file("fix.diff")
    var text = try Command.output(["cat", path])
    switch kind {
    case "context": text = text.replacing("0x07", with: "0x06")
    case "fuzz": text = text.replacing(" }", with: " } // here")
    default:
      text += "--- old/Makefile\n+++ new/Makefile\n@@ -0,0 +1 @@\n+all:\n"
    }
    try PatchedProgram.write(text, to: path)
    let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
    #expect(refused?.refusals.map(\.code) == [kind == "Makefile" ? .buildFileTouched : .diffRefused])
  }

  @Test("Lines that moved as a whole are no obstacle")
  func offset() async throws {
    let project = try ChangedProject("immediate")
    let path = project.folder.file("fix.diff")
    let text = try Command.output(["cat", path])
    try PatchedProgram.write(text.replacing("@@ -1,", with: "@@ -40,"), to: path)
    #expect(try await project.build().info.functions.map(\.symbol) == ["ask"])
  }

  @Test("A source, a compiler or flags that do not make the binary are refused, and what differs is said")
  func notReproduced() async throws {
    let project = try ChangedProject("strings")
    let source = project.folder.file("old/main.c")
    try PatchedProgram.write(try Command.output(["cat", source]) + "int more(int x) { return x * 3; }\n", to: source)
    let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
    guard case .notReproduced(let how)? = refused?.refusals.first?.reason else {
      Issue.record("\(String(describing: refused))")
      return
    }
    #expect(how.contains("program: "), "\(how)")
  }

  @Test("A source with another content makes no donor, however alike")
  func otherContent() async throws {
    let project = try ChangedProject("strings")
    let source = project.folder.file("old/main.c")
    try PatchedProgram.write(try Command.output(["cat", source]).replacing("ready", with: "READY"), to: source)
    let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
    #expect(refused?.refusals.map(\.reason) == [.notReproduced("program: the content of .rodata differs")])
  }

  @Test("A function that is compiled otherwise than the one that runs is not replaced, and where they part is said")
  func otherFlags() async throws {
    let text = """
      # refused: LP0439 ask
       == value.h
       #define VALUE 1000
       == part.c
       #include "value.h"
       int other(int x) { return x % 9; }
       int ask(int x) {
      -  return x % 7 + VALUE;
      +  return x % 5 + VALUE;
       }

      """
    // A header that is another one when everything has been built, which the calls do not show.
    let compiler =
      "cc_() { gcc \"$@\"; case \"$*\" in *program*) echo '#define VALUE 2000' > value.h;; esac; }; cc_"
    let way = ChangedProject.Way(compiler: compiler)
    let project = try ChangedProject(text: text, way)
    try await expectOutcome(of: project)
  }

  /// Functions stand close together, so that one of four bytes has no room for a branch.
  private static let close = ChangedProject.Way(flags: ["-Os", "-fPIE"])

  @Test("A static function without room for a branch is replaced where it is called")
  func callersReplaced() async throws {
    let text = """
      # replaces: ask
       __attribute__((noinline)) static int step(int x) {
      -  return x + 1;
      +  return x + 3;
       }
       __attribute__((noinline)) static int untouched(int x) { return x % 5 + x / 3; }
       int ask(int x) {
         return step(x) * 10 + step(x * 2) + untouched(x);
       }

      """
    try await expectOutcome(of: try ChangedProject(text: text, Self.close))
  }

  @Test("One that something points to is refused")
  func pointedTo() async throws {
    let text = """
      # refused: LP0415 step
       __attribute__((noinline)) static int step(int x) {
      -  return x + 1;
      +  return x + 3;
       }
       int (*volatile chosen)(int) = step;
       int ask(int x) {
         return chosen(x) * 10 + step(x * 2);
       }

      """
    try await expectOutcome(of: try ChangedProject(text: text, Self.close))
  }

  @Test("Of several compilations of a file those count that are in the binary")
  func compiledTwice() async throws {
    let way = ChangedProject.Way(compiler: "gcc -DOTHER=1 -O1 -c part.c -o other.o; rm other.o; gcc")
    let text = """
      # replaces: ask
       int other(int x) { return x % 9; }
       #ifndef OTHER
       #define OTHER 0
       #endif
       int ask(int x) {
      -  return x % 7 + OTHER;
      +  return x % 5 + OTHER;
       }

      """
    try await expectOutcome(of: try ChangedProject(text: text, way))
  }

  @Test("What a configuration compiled and removed again is not asked what it includes")
  func configured() async throws {
    let way = ChangedProject.Way(
      compiler: "echo 'int try;' > conftest.c; gcc -c conftest.c; rm conftest.*; gcc",
      flags: ["-O2", "-fPIE", "-Werror"])
    try await expectOutcome(of: try ChangedProject("header-only", way))
  }

  @Test("A call of a compiler that cannot be written down ends the build")
  func unwritten() async throws {
    let way = ChangedProject.Way(compiler: "rmdir \"$LPRECONCILE_CALLS\"; gcc")
    let project = try ChangedProject("header-only", way)
    let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
    #expect(refused?.refusals.map(\.code) == [.buildFailed])
  }

  @Test("A build that fails leaves its log and says how it ended")
  func buildFails() async throws {
    let project = try ChangedProject("strings")
    let request = ProjectBuildRequest(
      artifact: ArtifactRequest(binary: project.binary, name: "fix", output: project.folder.file("fix.lpatch")),
      origin: .project(source: project.folder.file("old"), command: "echo a word; false"),
      change: .diff(project.folder.file("fix.diff")))
    let refused = await #expect(throws: BuildRefused.self) { try await PatchBuild.run(request) { _ in } }
    let log = project.folder.file("fix.lpatch.log")
    #expect(refused?.refusals.map(\.reason) == [.buildFailed(log: log, end: "a word")])
    #expect(try Command.output(["cat", log]) == "a word\n")
  }
}
