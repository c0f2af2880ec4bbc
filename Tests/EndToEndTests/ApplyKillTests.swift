import Testing
import VictimKit

@Suite("lpreconcile apply is killed at its Nth system call", .needsRoot, .serialized)
struct ApplyKillTests {
  /// What the victims' first threads do: the one that makes the calls for us is one of these.
  private static let kinds = ["arithmetic", "nanosleep", "epoll_wait", "read", "futex", "malloc", "blocked"]

  /// Every Nth call is one of all kinds in the campaign of its own (`make kill-campaign`), here one kind after the other.
  private static let isCampaign = Checkout.environment("LPRECONCILE_KILL_CAMPAIGN") != nil

  @Test(
    "The process runs on, wholly old or wholly new, and the next run converges", arguments: ServedVictim.Patch.allCases)
  func everyCall(patch: ServedVictim.Patch) throws {
    let killer = try VictimProgram.compile("tracekill.c").path
    let files = try PatchFiles(patch)
    let victims = try Self.kinds.map { (kind: $0, subject: try ServedVictim($0, files)) }
    var killed = 0
    var number = 0
    var running: Set<Bool> = [true, false]
    while !running.isEmpty {
      number += 1
      let turn = Self.isCampaign ? victims : [victims[number % victims.count]]
      for (kind, subject) in turn {
        for isOn in [true, false] where running.contains(isOn) {
          let run = try Command.run([killer, String(number)] + subject.command(isOn: isOn))
          let said = run.output.split(separator: "\n").last ?? ""
          try #require(said.hasPrefix("killed") || said.hasPrefix("ended 0"), "\(run.output)\(run.errors)")
          if said.hasPrefix("killed") { killed += 1 } else { running.remove(isOn) }
          try subject.expectUnharmed("\(kind), \(isOn ? "on" : "off"), killed at call \(number)")
          // The next run ends where it is told to, whatever it finds.
          let next = try Command.run(subject.command(isOn: isOn))
          #expect(next.status == 0, "\(kind), after call \(number): \(next.output)\(next.errors)")
          #expect(try subject.victim.ask("report") == subject.report(isOn: isOn), "\(kind), after call \(number)")
        }
        // For the next number both ways begin at their beginning.
        _ = try Command.run(subject.command(isOn: false))
      }
    }
    print("\(patch): apply was killed \(killed) times, up to its system call \(number)")
    #expect(killed >= 200)
  }
}
