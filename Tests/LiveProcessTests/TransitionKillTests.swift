import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("The tool is killed at its Nth system call, for every N", .needsRoot)
struct TransitionKillTests {
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
        let isKilled = try KilledTransition.isKilled(
          atCall: number,
          [
            String(subject.victim.pid), subject.build.description, isOn ? "on" : "off", subject.artifactPath,
          ])
        if isKilled {
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

  @Test("A successor takes the place, and never is the process unpatched")
  func successor() throws {
    let subject = try SwitchVictim(functions: 20, threads: 2, mode: nil)
    let other = try subject.artifact(functions: 10..<30, generation: 2, named: "successor.lpatch")
    _ = try subject.victim.ask("worlds 0 20 10 30")
    let older = PairPatch.Generation(try #require(subject.artifact), number: 1)
    let newer = PairPatch.Generation(other.artifact, number: 2)
    _ = try Transition.run(PairPatch.change(subject.process, subject.build, from: nil, to: older))
    _ = try subject.victim.ask("settle")
    _ = try subject.victim.ask("forget")
    var killed = 0
    var number = 0
    var isFinished = false
    while !isFinished {
      // Every other call: what both generations do at a call is much the same.
      number += 2
      isFinished = true
      for isForward in [true, false] {
        let isKilled = try KilledTransition.isKilled(
          atCall: number,
          [
            String(subject.victim.pid), subject.build.description, isForward ? "forward" : "back",
            subject.artifactPath, other.path,
          ])
        if isKilled {
          killed += 1
          isFinished = false
        }
        _ = try subject.victim.ask("settle")
        let report = try subject.victim.ask("report")
        #expect(
          ["new 11 12 wrong 0 mixed 0", "newer 21 22 wrong 0 mixed 0"].contains(report),
          "killed at call \(number): \(report)")
        // The next run ends where it is told to, whatever it finds.
        _ = try Transition.run(
          PairPatch.change(
            subject.process, subject.build, from: isForward ? older : newer, to: isForward ? newer : older))
        let world = isForward ? "newer 21 22" : "new 11 12"
        #expect(try subject.victim.ask("report") == "\(world) wrong 0 mixed 0", "killed at call \(number)")
      }
    }
    print("successor: killed \(killed) times, up to system call \(number)")
    #expect(killed > 100)
    #expect(try !subject.victim.ask("seen").contains("old"))
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
