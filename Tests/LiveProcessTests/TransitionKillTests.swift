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

  @Test("The process runs on, wholly old or wholly new, and the next run converges", arguments: [0, 1, 200])
  func everyCall(functions: Int) throws {
    let subject = try SwitchVictim(functions: functions, threads: 2)
    var killed = 0
    var number = 1
    var isOn = true
    while true {
      let run = try Command.run([
        "strace", "-f", "-qq", "-o", "/dev/null", "--inject=all:signal=KILL:when=\(number)", Self.driver,
        String(subject.victim.pid), subject.build.description, isOn ? "on" : "off", subject.artifactPath,
      ])
      if run.output.contains("done") { break }
      #expect(!run.output.contains("refused"), "\(run.output)")
      killed += 1
      let status = try Command.output(["cat", "/proc/\(subject.victim.pid)/status"])
      #expect(status.contains("TracerPid:\t0\n"))
      #expect(!status.contains("State:\tT") && !status.contains("State:\tt"))
      let report = try subject.victim.ask("report")
      #expect(
        [subject.report(new: true), subject.report(new: false)].contains(report), "killed at call \(number): \(report)")
      // The next run ends where it is told to, whatever it finds.
      _ = try subject.run(isOn)
      let after = try subject.victim.ask("report")
      #expect(after == subject.report(new: isOn), "killed at call \(number)")
      isOn.toggle()
      _ = try subject.run(!isOn)
      number += killed < 200 ? 1 : 3
    }
    print("\(functions) functions: killed \(killed) times, up to system call \(number)")
    #expect(killed >= 200)
  }
}
