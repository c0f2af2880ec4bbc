import LiveProcess
import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("What is built is loaded into a running process, as its memory and its threads allow", .needsRoot)
struct LivePatchTests {
  /// A running victim and a patch that was built for it.
  private struct Subject {
    let victim: Victim
    let artifact: PatchArtifact
    var artifactPath: String { folder.file("fix.lpatch") }
    private let folder: TemporaryDirectory

    init(_ program: VictimProgram, _ replacement: String, replacing functions: [String]) async throws {
      folder = try TemporaryDirectory()
      try PatchedProgram.write(replacement, to: folder.file("fix.c"))
      let report = try await PatchBuild.run(
        BuildRequest(
          binary: program.path, sources: [folder.file("fix.c")], functions: functions, name: "fix",
          output: folder.file("fix.lpatch")))
      artifact = try PatchArtifact(reading: try PatchedProgram.read(report.artifact))
      victim = try Victim(program)
    }

    var process: ProcessID { ProcessID(victim.pid) }

    func run(_ isOn: Bool, checksStacks: Bool = false, retryFor: Duration = .seconds(20)) throws -> TransitionOutcome {
      let identity = ProcessIdentity(pid: process, startTime: try ProcessStat.read(process).startTime)
      return try Transition.run(
        TransitionRequest(
          process: identity, load: isOn ? [.artifact(artifact)] : [], activate: isOn ? [artifact.id] : [],
          deactivate: isOn ? [] : [artifact.id], unload: isOn ? [] : [artifact.id],
          policy: SwitchPolicy(maxStop: .seconds(10), checksStacks: checksStacks, retryFor: retryFor)))
    }
  }

  /// The executable part of the patch's mapping.
  private func code(of process: ProcessID) throws -> Range<RemoteAddress> {
    let mappings = try MemoryMap.read(process).mappings
    return try #require(mappings.first { $0.memoryFileName == "lpreconcile:fix" && $0.permissions.contains(.execute) })
      .range
  }

  @Test(
    "Where nothing is free within 2 GiB, the branches are of the form that reaches everything",
    arguments: [["-pie", "-fPIE"], ["-no-pie", "-fno-pic"]])
  func crowded(flags: [String]) async throws {
    let program = try VictimProgram.compile("crowded.c", flags: ["-O2"] + flags)
    let subject = try await Subject(
      program, "extern volatile long factor;\nlong scaled(long x) { return 100 * x * factor; }", replacing: ["scaled"])
    let place = try #require(subject.artifact.info.functions.first)
    #expect(place.entry.original.bytes.count == 5 && place.entry.far?.original.bytes.count == 14)
    for _ in 0..<3 {
      #expect(try subject.victim.ask("call 7") == "21")
      #expect(try subject.run(true, checksStacks: true).changed)
      #expect(try subject.victim.ask("call 7") == "2100")
      #expect(try subject.victim.ask("large 5") == "1500", "also where the program itself calls it")
      let patches = try PatchReader.read(subject.process).patches
      #expect(patches.map(\.state) == [.active])
      #expect(patches.allSatisfy { $0.drift.isEmpty })
      let code = try code(of: subject.process)
      let place = try #require(patches.first?.places.first).address
      let distance = max(code.lowerBound, place).value - min(code.lowerBound, place).value
      #expect(distance > Placement.reach)
      #expect(try subject.run(false, checksStacks: true).changed)
      #expect(try subject.victim.ask("call 7") == "21")
    }
  }

  @Test("Where code can be written by words only, that form is refused: half a branch would lead anywhere")
  func crowdedByWords() async throws {
    let program = try VictimProgram.compile("crowded.c", flags: ["-O2", "-pie", "-fPIE"])
    let subject = try await Subject(program, "long scaled(long x) { return 0; }", replacing: ["scaled"])
    let kernel = try VictimProgram.compile("override.c", flags: ["-O2", "-Wall", "-Werror"])
    let run = try Command.run([
      kernel.path, "never", Checkout.root + "/.build/release/TransitionDriver", String(subject.victim.pid),
      subject.artifact.info.target.buildID.description, "alone", subject.artifactPath,
    ])
    #expect(run.output.contains("unsupported") && run.output.contains("scaled"), "\(run.output)\(run.errors)")
    #expect(try subject.victim.ask("call 7") == "21")
    #expect(try PatchReader.read(subject.process).patches.isEmpty)
  }

  @Test("A function without room for that form is named, and nothing has changed")
  func crowdedAndShort() async throws {
    let program = try VictimProgram.compile("crowded.c", flags: ["-O2", "-pie", "-fPIE"])
    let subject = try await Subject(
      program, "long scaled(long x) { return 0; }\nlong wrapped(long x) { return x; }",
      replacing: ["scaled", "wrapped"])
    let error = #expect(throws: TransitionRefused.self) { try subject.run(true) }
    #expect(error?.reason == .outOfReach)
    #expect(error?.symbol == "wrapped")
    #expect(try subject.victim.ask("call 7") == "21")
    #expect(try subject.victim.ask("large 7") == "21")
    #expect(try PatchReader.read(subject.process).patches.isEmpty)
  }

  @Test(
    "A thread in the unlikely part of a function is in the function, also in a stripped program",
    arguments: [false, true])
  func unlikelyPart(stripped: Bool) async throws {
    let program = try VictimProgram.compile("cold.c", flags: ["-O2", "-pthread", "-rdynamic"], stripped: stripped)
    let subject = try await Subject(program, "int work(int n) { return -n; }", replacing: ["work"])
    let function = try #require(subject.artifact.info.functions.first)
    let parts = try #require(function.parts, "the compiler has put the unlikely part elsewhere")
    #expect(parts.count == 1 && parts.allSatisfy { $0.address < function.address && $0.size < 200 })
    #expect(try subject.victim.ask("enter") == "inside")
    let error = #expect(throws: TransitionRefused.self) {
      try subject.run(true, checksStacks: true, retryFor: .milliseconds(300))
    }
    guard case .functionInUse(_, let backtrace) = error?.reason else {
      Issue.record("not in use: \(String(describing: error))")
      return
    }
    #expect(error?.symbol == "work")
    if !stripped { #expect(backtrace.contains { $0.text.hasPrefix("work.cold+") }, "\(backtrace.map(\.text))") }
    #expect(try subject.victim.ask("leave") == "1006", "the old function, to its end")
    #expect(try subject.run(true, checksStacks: true).changed)
    #expect(try subject.victim.ask("call") == "-3")
  }
}
