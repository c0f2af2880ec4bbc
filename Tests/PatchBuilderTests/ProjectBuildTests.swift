import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("A change of a project's source becomes a patch for the binary that runs, or is refused by name", .needsRoot)
struct ProjectBuildTests {
  typealias Way = ChangedProject.Way

  @Test(
    "Exactly the functions that differ are replaced, and the program answers as the new one",
    arguments: ChangedProject.names)
  func change(name: String) async throws {
    let project = try ChangedProject(name)
    try await expectOutcome(of: project)
  }

  static let ways = [
    Way(flags: ["-O0", "-fno-pie"], link: ["-no-pie"]),
    Way(
      flags: ["-O3", "-fPIE", "-fcf-protection", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"]),
    Way(flags: ["-Os", "-fno-pie"], link: ["-no-pie"]),
    Way(compiler: "clang"),
    Way(flags: ["-O2", "-fPIC", "-fno-plt", "-g"]),
  ]
  /// The changes that are compiled in every way: one for each kind of thing that a function refers to.
  static let everyWay = [
    "closure-changed", "cold-part", "constant-table", "cpp-exceptions", "floating", "function-pointers", "header-only",
    "inline-in-headers", "jump-table",
    "library-data-unbound", "new-function", "new-import",
    "same-names", "static-variables", "strings", "template-newly-instantiated",
    "thread-local",
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
       #include "value.h"
       int other(int x) { return x % 9; }
       int ask(int x) {
      -  return x % 7 + VALUE;
      +  return x % 5 + VALUE;
       }

      """
    // A file that is another one when the build has ended: behind the two compilations comes the link.
    let way = Way(compiler: "n=$((n + 1)); echo \"#define VALUE $((n < 3 ? 1000 : 2000))\" > value.h; gcc")
    let project = try ChangedProject(text: text, way)
    try await expectOutcome(of: project)
  }

  /// Functions stand close together, so that one of four bytes has no room for a branch.
  private static let close = Way(flags: ["-Os", "-fPIE"])

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
    let way = Way(compiler: "gcc -DOTHER=1 -O1 -c part.c -o other.o; rm other.o; gcc")
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
    let way = Way(
      compiler: "echo 'int try;' > conftest.c; gcc -c conftest.c; rm conftest.*; gcc",
      flags: ["-O2", "-fPIE", "-Werror"])
    try await expectOutcome(of: try ChangedProject("header-only", way))
  }

  @Test("A call of a compiler that cannot be written down ends the build")
  func unwritten() async throws {
    let way = Way(compiler: "rmdir \"$LPRECONCILE_CALLS\"; gcc")
    let project = try ChangedProject("header-only", way)
    let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
    #expect(refused?.refusals.map(\.code) == [.buildFailed])
  }

  @Test("What the compiler reads from the environment of a call it reads again")
  func environment() async throws {
    let text = """
      # replaces: ask
       == elsewhere/value.h
       #define VALUE 1000
       == part.c
       #include <value.h>
       int ask(int x) {
      -  return x % 7 + VALUE;
      +  return x % 5 + VALUE;
       }

      """
    try await expectOutcome(of: try ChangedProject(text: text, Way(compiler: "CPATH=$PWD/elsewhere gcc")))
  }

  @Test("A compilation that nobody saw may include what is touched: it is refused by its file's name")
  func unseen() async throws {
    let way = Way(compiler: "$(test $f = part.c && echo /usr/bin/gcc || echo gcc)")
    let project = try ChangedProject("header-only", way)
    let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
    #expect(refused?.refusals == [BuildRefusal(place: "part.c", reason: .compileNotSeen)])
  }

  @Test("What can be seen of how a function is used is said")
  func notes() async throws {
    let text = """
      # replaces: ask main_loop handle work balance
       #include <pthread.h>
       #include <signal.h>
       #include <unistd.h>
       volatile int level = 1;
       pthread_mutex_t first, second;
       void main_loop(void) {
         level = getpid() % 1000 + getppid();
         for (;;) {
      -    level += 1;
      +    level += 2;
           pause();
         }
       }
      -void handle(int number) { level = number; }
      +void handle(int number) { level = number + 1; }
       void *work(void *data) {
      -  level = 3;
      +  level = 4;
         return data;
       }
       int balance(int x) {
         pthread_mutex_lock(&first);
      +  pthread_mutex_lock(&second);
         x += level;
      +  pthread_mutex_unlock(&second);
         pthread_mutex_unlock(&first);
         return x;
       }
       pthread_t thread;
       void install(void) { signal(SIGUSR2, handle); }
       void begin(void) {
         install();
         pthread_create(&thread, 0, work, 0);
         main_loop();
       }
       int ask(int x) {
         if (x < 0) begin();
      -  return balance(x) % 7;
      +  return balance(x) % 5;
       }

      """
    let notes = try await ChangedProject(text: text, Way(flags: ["-O1", "-fPIE", "-fno-inline"])).build().notes
    func facts(_ name: String) -> [BuildNote.Fact] {
      notes.filter { note in
        switch note.fact {
        case .codeChanged, .keepsRegisters: return false
        default: return note.symbol == name
        }
      }.map(\.fact)
    }
    #expect(facts("main_loop") == [.neverReturns])
    #expect(facts("handle") == [.mayHandleSignals(in: "install")])
    #expect(facts("work") == [.mayStartThreads(in: "begin")])
    #expect(facts("balance") == [.locksOtherwise(["pthread_mutex_lock", "pthread_mutex_unlock"])])
    #expect(facts("ask") == [])
  }

  /// A program that names the version of a library, and a rebuild with a newer one.
  private func projectWithVersion(_ later: String) throws -> ChangedProject {
    let text = """
      # first: cat ../version.h > version.h 2> /dev/null || echo '#define VERSION "3.0.9 7 Apr 2026"' > version.h
      # replaces: ask
       #include <stdio.h>
       #include "version.h"
       static const char first[8] = {3, 1, 4, 1, 5, 9, 2, 6};
       const char *const names[] = {"one", VERSION, "two", "three"};
       static const char last[8] = {2, 7, 1, 8, 2, 8, 1, 8};
       __attribute__((noipa)) const char *name(int x) { return names[x % 4]; }
       int ask(int x) {
         if (x == 7) puts("behind the version");
         printf("%s %d\\n", name(x), first[x % 8]);
      -  return last[x % 8] * 3;
      +  return last[x % 8] * 5 + name(x)[0];
       }
       == tail.c
       const int tail[16] __attribute__((aligned(64))) = {1};

      """
    let project = try ChangedProject(text: text)
    try PatchedProgram.write("#define VERSION \"\(later)\"\n", to: project.folder.file("version.h"))
    return project
  }

  @Test(
    "A rebuild that names the version of a newer library serves where the source is known, and nothing else differs",
    arguments: ["3.0.22 25 Aug 2026", "3.0.8 1 Jan 2026", "3.0.22 25 Aug 2026, by which tables move"])
  func newerLibrary(version: String) async throws {
    let project = try projectWithVersion(version)
    let report = try await project.build(knowsSource: true)
    #expect(
      report.notes.map(\.fact).contains(
        .rebuildDiffers("\"3.0.9 7 Apr 2026\" there, \"\(version)\" in the rebuild")))
    let answers = try project.answers(with: report)
    #expect(answers.patched == answers.new)
    #expect(answers.patched != answers.old)
    let refused = await #expect(throws: BuildRefused.self) { try await project.build(output: "again.lpatch") }
    #expect(refused?.refusals.map(\.code.rawValue) == ["LP0438"])
  }

  @Test("One whose code differs does not, nor one whose data does", arguments: ["x * 3", "start + x"])
  func otherCode(expression: String) async throws {
    let text = """
      # first: cat ../version.h > version.h 2> /dev/null || echo '#define VALUE x * 5' > version.h
      # replaces: ask
       #include "version.h"
       int start = 7;
       __attribute__((noipa)) int other(int x) { return VALUE; }
       int ask(int x) {
      -  return other(x) % 7;
      +  return other(x) % 5;
       }

      """
    let project = try ChangedProject(text: text)
    try PatchedProgram.write("#define VALUE \(expression)\n", to: project.folder.file("version.h"))
    let refused = await #expect(throws: BuildRefused.self) { try await project.build(knowsSource: true) }
    #expect(refused?.refusals.map(\.code.rawValue) == ["LP0438"])
  }

  /// Two functions, of which each changes what it does with memory.
  private static func ownership(head: String, drop: String, ask: String) -> String {
    """
    # \(head)
     #include <stdlib.h>
     struct pair { char *a, *b; };
     void (*item_free)(void *) = free;
     int seen;
     __attribute__((noipa)) void drop(struct pair *pair) {
       item_free(pair->a);
    \(drop)
       free(pair);
     }
     int ask(int x) {
       struct pair *pair = malloc(sizeof *pair);
       pair->a = malloc(9);
    \(ask)
       drop(pair);
       return x;
     }

    """
  }

  @Test("Memory that may change hands is refused, and where its author answers for it, it is said")
  func memoryChangesHands() async throws {
    let project = try ChangedProject(
      text: Self.ownership(
        head: "replaces: drop ask", drop: "+  free(pair->b);", ask: "-  pair->b = \"b\";\n+  pair->b = malloc(2);"))
    let refused = await #expect(throws: BuildRefused.self) { try await project.build() }
    #expect(
      refused?.refusals == [
        BuildRefusal(
          place: "part.c", symbol: "drop",
          reason: .memoryChangesHands(releases: ["free", "item_free"], function: "ask", acquires: ["malloc"]))
      ])
    let notes = try await project.build(accepts: [.memoryOwnership]).notes
    let said = notes.filter { $0.symbol == "drop" }.map(\.fact)
    #expect(said.contains(.acceptedOwnership(of: "ask")))
    #expect(said.contains(.releasesOtherwise(["free", "item_free"])))
  }

  @Test(
    "What only gives memory back otherwise, only gets it otherwise, or does both in one function changes no owner",
    arguments: [
      ownership(head: "replaces: drop ask", drop: "+  free(pair->b);", ask: "-  seen = 1;\n+  seen = 2;"),
      ownership(head: "replaces: drop ask", drop: "+  seen = 1;", ask: "-  pair->b = \"b\";\n+  pair->b = malloc(2);"),
      ownership(
        head: "replaces: ask", drop: "   seen = 1;",
        ask: "+  volatile char *b = malloc(9);\n+  seen = *b = x;\n+  item_free((void *)b);"),
    ])
  func ownerStays(text: String) async throws {
    let report = try await ChangedProject(text: text).build()
    #expect(!report.notes.contains { if case .acceptedOwnership = $0.fact { true } else { false } })
  }

  @Test("That a static variable is initialised once, and has been perhaps, is said")
  func initialisedOnce() async throws {
    let report = try await ChangedProject("initialised-once").build()
    #expect(report.notes.map(\.fact).contains(.initialisesOnce(["_ZZ3askiE5first"])))
  }

  @Test("What the build system itself writes down of its compilations is known, too")
  func compileCommands() async throws {
    let entry =
      "[{\\\"directory\\\": \\\"$PWD\\\", \\\"command\\\": \\\"/usr/bin/gcc '-O2' -fPIE -o part.c.o -c part.c\\\", "
      + "\\\"file\\\": \\\"part.c\\\"}]"
    let way = Way(
      compiler: "echo \"\(entry)\" > compile_commands.json; $(test $f = part.c && echo /usr/bin/gcc || echo gcc)")
    try await expectOutcome(of: try ChangedProject("header-only", way))
  }

  @Test("A source that is compiled by itself and included by another: both are reached")
  func includedSource() async throws {
    let text = """
      # replaces: ask here twice
       == inner.c
       int twice(int x) {
      -  return x * 2 % 1000 + x / 7;
      +  return x * 3 % 1000 + x / 7;
       }
       == part.c
       #define twice here
       #include "inner.c"
       int ask(int x) { return here(x); }

      """
    try await expectOutcome(of: try ChangedProject(text: text))
  }

  @Test("A second change of a source takes it as it was built, and makes the same of it")
  func cached() async throws {
    let folder = try TemporaryDirectory()
    let count = folder.file("count")
    let project = try ChangedProject("strings", Way(compiler: "echo built >> \(count); gcc"))
    let without = try await project.build()
    try PatchedProgram.write("", to: count)
    let first = try await project.build(output: "first.lpatch", cache: folder.file("cache"))
    let built = try Command.output(["cat", count])
    #expect(!built.isEmpty)
    let second = try await project.build(
      .newSource(project.folder.file("new")), output: "second.lpatch", cache: folder.file("cache"))
    #expect(try Command.output(["cat", count]) == built, "built once")
    #expect(first.sha256 == without.sha256)
    #expect(second.sha256 == without.sha256)
    // Another source is built anew.
    try PatchedProgram.write("/* new */\n", to: project.folder.file("old/more.c"))
    _ = try? await project.build(output: "third.lpatch", cache: folder.file("cache"))
    #expect(try Command.output(["cat", count]) != built)
  }

  @Test("What others could write to is not trusted")
  func cacheOfOthers() async throws {
    let project = try ChangedProject("strings")
    let cache = project.folder.file("cache")
    _ = try Command.output(["mkdir", "-m", "777", cache])
    let refused = await #expect(throws: BuildRefused.self) { try await project.build(cache: cache) }
    #expect(refused?.refusals == [BuildRefusal(place: cache, reason: .cacheOfOthers)])
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
