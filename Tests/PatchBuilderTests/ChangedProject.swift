import LiveProcess
import Patch
import PatchBuilder
import VictimKit

/// A project with a change, one of `Changes/*.change`: built as it was and as it is to be, and patched from the one to the other.
///
/// In such a file every line begins with the version that it is of: `-` the old one, `+` the new one, a space both; ` == NAME`
/// begins another source file, and `<CR>` stands for a carriage return. Lines that begin with `#` say what comes of it and how
/// it is built: `# replaces: FUNCTION …` or `# refused: CODE SYMBOL`, `# with: COMPILER` for another one than gcc, `# first:
/// COMMAND` for what the build does before it compiles, `# lives on` where both programs were asked before the patch, `# library` where
/// all but the program that asks is a shared library.
struct ChangedProject {
  /// One way of compiling everything.
  struct Way: Sendable {
    var compiler = "gcc"
    var flags = ["-O2", "-fPIE"]
    var link = ["-pie"]
  }

  /// What the change's first line says.
  enum Outcome: Equatable {
    case replaces(Set<String>)
    case refused(code: String, symbol: String?)
  }

  let folder: TemporaryDirectory
  let outcome: Outcome
  /// Whether the program that is patched, and the new one, have answered before.
  let livesOn: Bool
  private let command: String
  private let isLibrary: Bool

  private static let main = """
    #include <stdio.h>
    #include <stdlib.h>
    int ask(int);
    int main(void) {
      char line[64];
      setvbuf(stdout, NULL, _IOLBF, 0);
      puts("ready");
      while (fgets(line, sizeof line, stdin)) printf("= %d\\n", ask(atoi(line)));
      return 0;
    }

    """

  /// All changes, by name.
  static let names: [String] = {
    let list = (try? Command.output(["ls", Checkout.root + "/Tests/PatchBuilderTests/Changes"])) ?? ""
    return list.split(separator: "\n").filter { $0.hasSuffix(".change") }.map { String($0.dropLast(7)) }
  }()

  init(_ name: String, _ way: Way = Way()) throws {
    try self.init(
      text: try Command.output(["cat", Checkout.root + "/Tests/PatchBuilderTests/Changes/\(name).change"]), way)
  }

  /// `text`: as in such a file.
  init(text: String, _ way: Way = Way()) throws {
    folder = try TemporaryDirectory()
    let lines = text.replacing("<CR>", with: "\r").utf8.split(separator: UInt8(ascii: "\n")).map {
      String(decoding: $0, as: UTF8.self)
    }
    let heads = lines.prefix { $0.hasPrefix("# ") }
    func head(_ name: String) -> String? {
      heads.first { $0.hasPrefix("# \(name): ") }.map { String($0.dropFirst(name.count + 4)) }
    }
    livesOn = heads.contains("# lives on")
    let words = (heads.last { $0.hasPrefix("# re") } ?? "").split(separator: " ").map { String($0) }
    guard words.count >= 3, ["replaces:", "refused:"].contains(words[1]) else {
      throw VictimTrouble("no head: \(text)")
    }
    outcome =
      words[1] == "replaces:"
      ? .replaces(Set(words[2...])) : .refused(code: words[2], symbol: words.count > 3 ? words[3] : nil)
    isLibrary = heads.contains("# library")
    let flags = (way.flags + ["-w"] + (isLibrary ? ["-fPIC"] : [])).joined(separator: " ")
    let named = head("with") ?? way.compiler
    let compiler = way.compiler == "clang" ? named.replacing("g++", with: "clang++") : named
    let link = isLibrary ? "-shared -o libpart.so" : "\(way.link.joined(separator: " ")) -o program"
    command = """
      \(head("first") ?? "true")
      for f in $(find * -name '*.c'); do \(compiler) \(flags) -c $f -o $(echo $f | tr / +).o || exit 1; done
      \(compiler) \(flags) \(link) -Wl,--build-id *.o
      """
    for (version, mark) in [("old", "-"), ("new", "+")] {
      var files = isLibrary ? [:] : ["main.c": ChangedProject.main]
      var file = "part.c"
      for line in lines {
        if line.hasPrefix(" == ") {
          file = String(line.dropFirst(4))
        } else if line.hasPrefix(" ") || line.hasPrefix(mark) {
          files[file, default: ""] += line.dropFirst() + "\n"
        }
      }
      _ = try Command.output(["mkdir", folder.file(version)])
      _ = try Command.output([
        "sh", "-c",
        "cd \(folder.file(version)) && mkdir -p \(files.keys.map { "$(dirname \($0))" }.joined(separator: " "))",
      ])
      for (file, text) in files { try PatchedProgram.write(text, to: folder.file("\(version)/\(file)")) }
      _ = try Command.output(["cp", "-r", folder.file(version), folder.file("built-\(version)")])
      _ = try Command.output(["sh", "-c", "cd \(folder.file("built-\(version)")) && \(command)"])
    }
    // As distributions ship it.
    _ = try Command.output(["strip", "-o", binary, folder.file("built-old/\(isLibrary ? "libpart.so" : "program")")])
    if isLibrary {
      try PatchedProgram.write(ChangedProject.main, to: folder.file("main.c"))
      for place in [".", "built-old", "built-new"] {
        let script =
          "cd \(folder.path) && \(compiler) -w main.c -L\(place) -lpart -Wl,-rpath,$PWD/\(place) -o \(place)/program"
        _ = try Command.output(["sh", "-c", script])
      }
    }
    _ = try Command.run(["sh", "-c", "cd \(folder.path) && diff -ruN old new > fix.diff"])
  }

  var binary: String { folder.file(isLibrary ? "libpart.so" : "program") }

  /// Makes the artifact.
  ///
  /// `change`: nil for the project's own, as a diff.
  /// `knowsSource`: whether a rebuild may have other constants.
  /// `cache`: the folder that keeps built sources.
  func build(
    _ change: ProjectBuildRequest.Change? = nil, output: String = "fix.lpatch", knowsSource: Bool = false,
    accepts: Set<ProjectBuildRequest.Acceptance> = [], cache: String? = nil
  ) async throws -> BuildReport {
    try await PatchBuild.run(
      ProjectBuildRequest(
        artifact: ArtifactRequest(binary: binary, name: "fix", output: folder.file(output)),
        origin: .project(source: folder.file("old"), command: command),
        change: change ?? .diff(folder.file("fix.diff")), knowsSource: knowsSource, accepts: accepts,
        cache: cache)
    ) { _ in }
  }

  /// What programs answer to ten questions: the old one and the new one as they were built, and the old one while it has
  /// the patch and after it was taken back.
  func answers(with report: BuildReport) throws -> (old: [String], new: [String], patched: [String], reverted: [String])
  {
    let artifact = try PatchArtifact(reading: try PatchedProgram.read(report.artifact))
    var program = try Questioned(folder.file("program"))
    var new = try Questioned(folder.file("built-new/program"))
    if livesOn { _ = (try program.answers(), try new.answers()) }
    try program.change(artifact, isOn: true)
    let patched = try program.answers()
    try program.change(artifact, isOn: false)
    var old = try Questioned(folder.file("built-old/program"))
    // The same history as the patched one: what lives in variables goes on.
    return (try old.answers(), try new.answers(), patched, try program.answers())
  }

  /// A running program that is asked.
  struct Questioned: ~Copyable {
    private var process: ChildProcess
    private var isReady = false

    init(_ path: String) throws {
      process = try ChildProcess([path])
    }

    /// All that it writes for each question.
    mutating func answers() throws -> [String] {
      try waitUntilReady()
      var answers: [String] = []
      for question in 0..<10 {
        process.write("\(question)\n")
        var text = ""
        repeat {
          text += try process.readLine(until: .now + .seconds(120)) + "\n"
        } while !text.hasPrefix("= ")
          && !text.contains("\n= ")
        answers.append(text)
      }
      return answers
    }

    private mutating func waitUntilReady() throws {
      guard !isReady else { return }
      guard try process.readLine(until: .now + .seconds(120)) == "ready" else { throw VictimTrouble("not ready") }
      isReady = true
    }

    mutating func change(_ artifact: PatchArtifact, isOn: Bool) throws {
      try waitUntilReady()
      let pid = ProcessID(process.pid)
      let identity = ProcessIdentity(pid: pid, startTime: try ProcessStat.read(pid).startTime)
      _ = try Transition.run(
        TransitionRequest(
          process: identity, load: isOn ? [.artifact(artifact)] : [], activate: isOn ? [artifact.id] : [],
          deactivate: isOn ? [] : [artifact.id], unload: isOn ? [] : [artifact.id],
          policy: SwitchPolicy(maxStop: .seconds(10), checksStacks: true, retryFor: .seconds(20))))
    }
  }
}
