import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("The tool is killed at its Nth system call, for every N", .needsRoot)
struct TransitionKillTests {
  /// The driver, beside the test's own program.
  private static let driver = "\(#filePath)"
    .replacing("Tests/LiveProcessTests/TransitionKillTests.swift", with: ".build/release/TransitionDriver")

  /// What the thread that traces calls once it touches the process.
  ///
  /// Counted by thread, so calls that the program's start
  /// makes too are left out: with them the first thread would reach the count before the tracing one has begun.
  private static let calls =
    "ptrace,pwrite64,waitid,wait4,ftruncate,timer_create,timer_settime,timer_delete,sched_setattr,kcmp,flock"

  @Test("The process runs on, wholly old or wholly new, and the next run converges", arguments: [0, 1, 200])
  func everyCall(functions: Int) throws {
    let subject = try SwitchVictim(functions: functions, threads: 2)
    var killed = 0
    var number = 0
    var isFinished = false
    while !isFinished {
      number += 1
      isFinished = true
      for isOn in [true, false] {
        let run = try Command.run([
          "strace", "-f", "-qq", "-o", "/dev/null", "--inject=\(Self.calls):signal=KILL:when=\(number)", Self.driver,
          String(subject.victim.pid), subject.build.description, isOn ? "on" : "off", subject.artifactPath,
        ])
        #expect(!run.output.contains("refused"), "\(run.output)")
        if !run.output.contains("done") {
          killed += 1
          isFinished = false
        }
        try expectUnharmed(subject, killedAt: number)
        // The next run ends where it is told to, whatever it finds.
        _ = try subject.run(isOn)
        #expect(try subject.victim.ask("report") == subject.report(new: isOn), "killed at call \(number)")
      }
    }
    print("\(functions) functions: killed \(killed) times, up to system call \(number)")
    #expect(killed >= (functions == 0 ? 150 : 200))
  }

  private func expectUnharmed(_ subject: SwitchVictim, killedAt number: Int) throws {
    let status = try Command.output(["cat", "/proc/\(subject.victim.pid)/status"])
    #expect(status.contains("TracerPid:\t0\n"))
    #expect(!status.contains("State:\tT") && !status.contains("State:\tt"))
    // A commit with values that loses its tool goes on while the others run already: for the moment of that one system call
    // they may see one value and not yet the next, and never afterwards.
    _ = try subject.victim.ask("settle")
    let report = try subject.victim.ask("report")
    #expect(
      [subject.report(new: true), subject.report(new: false)].contains(report), "killed at call \(number): \(report)")
  }
}
