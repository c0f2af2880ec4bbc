import LiveProcess
import Patch
import Testing
import VictimKit

/// Meets every gap between two writes, which are the same in every run.
///
/// How often a transition waits differs from run to run, so that counting all its calls passes some gaps by.
@Suite("The tool is killed at its Nth write into the process, for every N", .needsRoot)
struct TransitionWriteKillTests {
  private static let driver = Checkout.root + "/.build/release/TransitionDriver"

  @Test("The process runs on, wholly old or wholly new, and the next run converges", arguments: [1, 200])
  func everyWrite(functions: Int) throws {
    let subject = try SwitchVictim(functions: functions, threads: 2)
    let reports = [true, false].map { subject.report(new: $0) }
    for isOn in [true, false] {
      var killed = 0
      while true {
        let run = try Command.run([
          "strace", "-f", "-qq", "-o", "/dev/null", "--inject=pwrite64:signal=KILL:when=\(killed + 1)", Self.driver,
          String(subject.victim.pid), subject.build.description, isOn ? "on" : "off", subject.artifactPath,
        ])
        #expect(!run.output.contains("refused"), "\(run.output)")
        _ = try subject.victim.ask("settle")
        let report = try subject.victim.ask("report")
        #expect(reports.contains(report), "killed at write \(killed + 1): \(report)")
        if run.output.contains("done") { break }
        killed += 1
        // What it left is cleared up, and the same way begins again.
        _ = try subject.run(isOn)
        #expect(try subject.victim.ask("report") == subject.report(new: isOn), "killed at write \(killed)")
        _ = try subject.run(!isOn)
      }
      #expect(try subject.victim.ask("report") == subject.report(new: isOn))
      #expect(killed >= 5)
    }
  }
}
