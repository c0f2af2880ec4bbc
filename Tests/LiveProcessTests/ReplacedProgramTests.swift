import ArtifactKit
import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("A process that becomes another program in between is left alone", .needsRoot)
struct ReplacedProgramTests {
  @Test("While attempts are made")
  func whileRetrying() throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c")
    let next = try VictimProgram.compile("switch.c")
    _ = try subject.victim.ask("enter -1")
    var driver = try TransitionDriverProgram.start(subject, "on-checked")
    #expect(try eventually { try subject.states() == ["test": .loaded, "pair": .loaded] })
    #expect(try subject.victim.ask("exec \(next.path)") == "ready")
    try Self.expectUntouched(subject, &driver)
  }

  @Test("Between the look and the seize")
  func beforeSeize() throws {
    let subject = try SwitchVictim(functions: 1)
    let next = try VictimProgram.compile("switch.c", flags: ["-O2", "-pthread", "-static"])
    // The tool is held at the entry of its first ptrace(2) for two seconds.
    var driver = try ChildProcess(
      ["strace", "-f", "-qq", "-e", "trace=ptrace", "-o", "/dev/null", "--inject=ptrace:delay_enter=2000000:when=1"]
        + TransitionDriverProgram.arguments(subject, "on"))
    let tracer = driver.pid
    let isHeld = try eventually {
      let calls = try Command.run([
        "sh", "-c", "for p in $(cat /proc/\(tracer)/task/\(tracer)/children); do cat /proc/$p/task/*/syscall; done",
      ]).output
      // ptrace(2) is call 101 of x86-64.
      return calls.split(separator: "\n").contains { $0.hasPrefix("101 ") }
    }
    try #require(isHeld)
    #expect(try subject.victim.ask("exec \(next.path)") == "ready")
    try Self.expectUntouched(subject, &driver)
  }

  private static func expectUntouched(_ subject: SwitchVictim, _ driver: inout ChildProcess) throws {
    let said = try driver.readLine(until: .now + .seconds(60))
    #expect(said.contains("reason: LiveProcess.TransitionRefused.Reason.gone"), "\(said)")
    _ = driver.wait()
    #expect(try subject.isBare())
    #expect(try subject.victim.ask("settle") == "old 1 2 wrong 0 mixed 0")
    #expect(try subject.victim.status("TracerPid") == "0")
  }

  @Test("Another build under the path does not matter to who runs the old one, and is not taken for it")
  func replacedFile() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("program")
    let subject = try SwitchVictim(functions: 3, at: path)
    let other = try VictimProgram.compile("family.c")
    _ = try other.copy(to: path + ".new")
    _ = try Command.output(["mv", "-f", path + ".new", path])
    #expect(try subject.run(true).changed)
    #expect(try subject.victim.ask("settle") == "new 11 12 wrong 0 mixed 0")
    #expect(try subject.run(false).changed)
    #expect(try subject.victim.ask("settle") == "old 1 2 wrong 0 mixed 0")

    // Who starts now runs the new file: a patch for the old one is refused there.
    let young = try Victim(other.copy(to: path))
    let refused = #expect(throws: TransitionRefused.self) {
      try Transition.run(PairPatch.request(ProcessID(young.pid), subject.build, isOn: true, subject.artifact))
    }
    #expect(refused?.reason == .buildNotMapped(subject.build))
    #expect(try young.ask("report") == "old 1 2 wrong 0 mixed 0")
  }
}
