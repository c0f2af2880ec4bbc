import Glibc
import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("What cannot be built leaves nothing behind and says why")
struct BuildTroubleTests {
  static let target = "__attribute__((noipa)) int f(int x) { return x; }\nvoid cases(void) {}\n"

  /// What is refused; a file that should be there is never touched.
  private func refusals(
    _ program: PatchedProgram, source: String = "int f(int x) { return x + 1; }", path: String? = nil,
    output: String = "fix.lpatch",
    binary: String? = nil, symbols: String? = nil, flags: [String] = [], function: String = "f"
  ) async throws -> [BuildRefusal] {
    let file = path ?? program.folder.file("fix.c")
    if path == nil { try PatchedProgram.write(source, to: file) }
    do {
      _ = try await PatchBuild.run(
        BuildRequest(
          binary: binary ?? program.binary, symbols: symbols, sources: [file], functions: [function], name: "fix",
          output: output.hasPrefix("/") ? output : program.folder.file(output), flags: flags))
      return []
    } catch {
      for refusal in error.refusals { #expect(!refusal.message.isEmpty && !refusal.nextStep.isEmpty) }
      return error.refusals
    }
  }

  @Test("A device is not replaced by the artifact, nor a FIFO or a folder")
  func outputs() async throws {
    let program = try PatchedProgram(Self.target)
    _ = try Command.output(["mkfifo", program.folder.file("fifo")])
    _ = try Command.output(["mkdir", program.folder.file("folder")])
    // A copy of the device: the machine's own is not put at risk.
    _ = try Command.output(["mknod", program.folder.file("null"), "c", "1", "3"])
    for (name, test) in [("null", "-c"), ("fifo", "-p"), ("folder", "-d")] {
      let found = try await refusals(program, output: name)
      #expect(found.map(\.reason) == [.outputNotAFile], "\(name)")
      #expect(try Command.run(["test", test, program.folder.file(name)]).status == 0, "\(name)")
    }
    #expect(try await refusals(program, output: "no/folder.lpatch").map(\.reason) == [.notWritable(errno: ENOENT)])
  }

  @Test("Where the artifact's place is a symbolic link, the file that it leads to is replaced")
  func link() async throws {
    let program = try PatchedProgram(Self.target)
    try PatchedProgram.write("old", to: program.folder.file("real.lpatch"))
    _ = try Command.output(["ln", "-s", "real.lpatch", program.folder.file("link.lpatch")])
    #expect(try await refusals(program, output: "link.lpatch").isEmpty)
    #expect(try Command.run(["test", "-L", program.folder.file("link.lpatch")]).status == 0)
    #expect(try PatchArtifact(reading: PatchedProgram.read(program.folder.file("real.lpatch"))).info.name == "fix")
  }

  @Test("On a full disk the older artifact stays, and no part of the new one", .needsRoot)
  func full() async throws {
    let program = try PatchedProgram(Self.target)
    let disk = program.folder.file("disk")
    _ = try Command.output(["mkdir", disk])
    _ = try Command.output(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk])
    defer { _ = try? Command.run(["umount", disk]) }
    try PatchedProgram.write("old", to: disk + "/fix.lpatch")
    #expect(try await refusals(program, output: disk + "/fix.lpatch").map(\.reason) == [.notWritable(errno: ENOSPC)])
    #expect(try Command.output(["ls", "-A", disk]) == "fix.lpatch\n")
    #expect(try Command.output(["cat", disk + "/fix.lpatch"]) == "old")
  }

  @Test("What the compiler writes beside the object goes with the work folder")
  func workFolder() async throws {
    // SAFETY: the environment is not changed by the tests; the text is copied at once.
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    func found() throws -> Set<Substring> {
      // Folders of other tests go while it looks; that it says so is no finding.
      Set(
        try Command.run([
          "find", folder, "-maxdepth", "2", "-path", "*/lpreconcile-build.*", "-name", "*.dwo", "-o", "-path",
          "*/lpreconcile-build.*", "-name", "*.i",
        ]).output.split(separator: "\n"))
    }
    let before = try found()
    let program = try PatchedProgram(Self.target)
    for flag in ["-save-temps", "-gsplit-dwarf"] { #expect(try await refusals(program, flags: ["-g", flag]).isEmpty) }
    #expect(try found().subtracting(before).isEmpty)
  }

  @Test(
    "Flags and files of which the compiler makes no object for this machine",
    arguments: ["-E", "-S", "-m32", "-M", "--version"])
  func noObject(flag: String) async throws {
    let program = try PatchedProgram(Self.target)
    let found = try await refusals(program, flags: [flag])
    #expect(found.count == 1 && found.first?.place == program.folder.file("fix.c"))
    guard case .noObject("gcc", _) = found.first?.reason else {
      Issue.record("\(found)")
      return
    }
  }

  @Test("A replacement that is a folder or a FIFO, and a file that is not there")
  func sources() async throws {
    let program = try PatchedProgram(Self.target)
    _ = try Command.output(["mkfifo", program.folder.file("fifo.c")])
    #expect(try await refusals(program, path: program.folder.file("fifo.c")).map(\.reason) == [.sourceNotAFile])
    #expect(try await refusals(program, path: program.folder.path).map(\.reason) == [.sourceNotAFile])
    let gone = program.folder.file("gone")
    #expect(try await refusals(program, path: gone).map(\.reason) == [.unreadable(errno: ENOENT)])
    #expect(try await refusals(program, binary: gone).map(\.reason) == [.unreadable(errno: ENOENT)])
    #expect(try await refusals(program, symbols: gone).map(\.reason) == [.unreadable(errno: ENOENT)])
  }

  @Test("A binary that is no program for this machine")
  func binaries() async throws {
    let program = try PatchedProgram(Self.target)
    let object = program.folder.file("object.o")
    _ = try Command.output(["gcc", "-c", "-o", object, program.folder.file("program.c")])
    // The same program as if for ARM (e_machine), and as if for 32 bits (EI_CLASS).
    let bytes = try PatchedProgram.read(program.binary)
    var arm = bytes
    arm.replaceSubrange(18..<20, with: [183, 0])
    try PatchedProgram.write(arm, to: program.folder.file("arm"))
    var narrow = bytes
    narrow[4] = 1
    try PatchedProgram.write(narrow, to: program.folder.file("narrow"))
    for name in ["object.o", "arm", "narrow", "program.c", "."] {
      let found = try await refusals(program, binary: program.folder.file(name))
      #expect(found.map(\.code) == [.notATarget], "\(name): \(found)")
    }
    _ = try Command.output(
      ["gcc", "-Wl,--build-id=none", "-o", object, program.folder.file("program.c"), "-xc", "-"],
      input: "int main(void) { return 0; }")
    #expect(try await refusals(program, binary: object).map(\.code) == [.noBuildID])
  }

  @Test(
    "Functions that are not there, in every way",
    arguments: ["", "f g", "f\u{1b}[31m", "f@0x0", "nofile.c:f", "F", "cases.cold"])
  func names(function: String) async throws {
    let program = try PatchedProgram(Self.target)
    let found = try await refusals(program, function: function)
    #expect(found.count == 1)
    guard case .functionUnknown = found.first?.reason else {
      Issue.record("\(found)")
      return
    }
  }

  @Test("One function named twice is replaced once")
  func twice() async throws {
    let program = try PatchedProgram(Self.target)
    let report = try await program.build("int f(int x) { return x + 1; }", replacing: ["f", "f"])
    #expect(report.info.functions.count == 1)
  }

  @Test(
    "Link-time optimisation and profiling code",
    arguments: [("-flto", nil), ("-fprofile-arcs", .constructor), ("-fsanitize=address", .constructor)]
      as [(String, BuildCode?)])
  func instrumented(flag: String, code: BuildCode?) async throws {
    let program = try PatchedProgram(Self.target)
    let found = try await refusals(program, flags: [flag])
    #expect(Set(found.map(\.code)) == Set(code.map { [$0] } ?? []))
  }
}
