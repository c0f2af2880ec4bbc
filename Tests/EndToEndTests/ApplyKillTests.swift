import Testing
import VictimKit

@Suite("lpreconcile apply is killed at its Nth system call", .needsRoot, .serialized)
struct ApplyKillTests {
  /// What the victims' first threads do: the one that makes the calls for us is one of these.
  private static let kinds = ["arithmetic", "nanosleep", "epoll_wait", "read", "futex", "malloc", "blocked"]

  /// Every call, each over one kind of victim in turn (`make kill-campaign`, an hour), or so many calls spread evenly over all kinds.
  private static let isCampaign = Checkout.environment("LPRECONCILE_KILL_CAMPAIGN") != nil
  private static let sample = 224

  @Test(
    "The process runs on, wholly old or wholly new, and the next run converges", arguments: ServedVictim.Patch.allCases)
  func everyCall(patch: ServedVictim.Patch) throws {
    let killer = try VictimProgram.compile("tracekill.c").path
    let files = try PatchFiles(patch)
    var killed = 0
    var last = 0
    for (index, kind) in Self.kinds.enumerated() {
      // One victim at a time: each keeps processors busy.
      let subject = try ServedVictim(kind, files)
      for isOn in [true, false] {
        let calls = Self.isCampaign ? 0 : try Self.count(killer, subject, isOn)
        let step = Self.isCampaign ? Self.kinds.count : max(1, calls * 2 * Self.kinds.count / Self.sample)
        // The kinds begin at different calls, so that together they reach more of them.
        var number = 1 + index * step / Self.kinds.count
        while true {
          let run = try Command.run([killer, String(number)] + subject.command(isOn: isOn))
          let said = run.output.split(separator: "\n").last ?? ""
          try #require(said.hasPrefix("killed") || said.hasPrefix("ended 0"), "\(run.output)\(run.errors)")
          try subject.expectUnharmed("\(kind), \(isOn ? "on" : "off"), killed at call \(number)")
          // The next run ends where it is told to, whatever it finds; then back to where this one began.
          try Self.converge(subject, isOn: isOn, "\(kind), after call \(number)")
          if said.hasPrefix("ended") { break }
          killed += 1
          try Self.converge(subject, isOn: !isOn, "\(kind), back after call \(number)")
          number += step
        }
        last = max(last, number)
      }
    }
    print("\(patch): apply was killed \(killed) times, up to its system call \(last)")
    #expect(killed >= 200)
  }

  private static func converge(_ subject: ServedVictim, isOn: Bool, _ comment: Comment) throws {
    var said = ""
    // A patch in whose code some thread always is stays loaded, out of effect, until a run finds none there.
    let isDone = try eventually(deadline: .seconds(120)) {
      let run = try Command.run(subject.command(isOn: isOn))
      said = run.output + run.errors
      #expect(run.status == 0 || run.status == 3 && !isOn && said.contains("LP0529"), "\(comment): \(said)")
      return run.status == 0
    }
    #expect(isDone, "\(comment): \(said)")
    #expect(try subject.victim.ask("report") == subject.report(isOn: isOn), comment)
  }

  /// How many calls a run makes that is not killed; the process is afterwards as it was before.
  private static func count(_ killer: String, _ subject: ServedVictim, _ isOn: Bool) throws -> Int {
    let run = try Command.run([killer, "0"] + subject.command(isOn: isOn))
    try converge(subject, isOn: !isOn, "counting calls")
    let words = run.output.split(separator: "\n").last?.split(separator: " ") ?? []
    guard words.count == 3, words[0] == "ended", let count = Int(words[2]) else {
      throw VictimTrouble("tracekill said: \(run.output)\(run.errors)")
    }
    return count
  }
}
