import Glibc
import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

/// The kernel's option is set at boot; `Tests/Victims/override.c` gives its answers to one program.
@Suite("Where proc_mem.force_override closes /proc/PID/mem to code, patches are made all the same", .needsRoot)
struct ForceOverrideTests {
  enum Option: String, CaseIterable, Sendable { case never, ptrace }

  /// Runs a command as under a kernel with the option.
  private static func run(_ option: Option, _ arguments: [String]) throws -> Command {
    let program = try VictimProgram.compile("override.c", flags: ["-O2", "-Wall", "-Werror"])
    return try Command.run([program.path, option.rawValue] + arguments)
  }

  @discardableResult
  private static func drive(_ option: Option, _ subject: SwitchVictim, _ how: String) throws -> Command {
    let run = try run(option, TransitionDriverProgram.arguments(subject, how))
    #expect(run.output == "done\n", "\(run.output)\(run.errors)")
    return run
  }

  @Test("Values and functions, on and off, and memory holds what it should", arguments: Option.allCases, [0, 1, 200])
  func onAndOff(option: Option, functions: Int) throws {
    let subject = try SwitchVictim(functions: functions)
    let first = try functions == 0 ? nil : subject.address(of: "function_0")
    let memory = try RemoteMemory(of: subject.process)
    let text = try first.map { try memory.read(functions * 128, at: $0) }
    for _ in 0..<3 {
      try Self.drive(option, subject, "on")
      #expect(try subject.victim.ask("settle") == subject.report(new: true))
      let patches = try PatchReader.read(subject.process).patches
      #expect(patches.count == (functions == 0 ? 1 : 2))
      #expect(patches.allSatisfy { $0.state == .active && $0.drift.isEmpty && $0.activatedAt != nil })
      #expect(try subject.run(true).changed == false, "there is nothing left to do")

      try Self.drive(option, subject, "off")
      #expect(try subject.victim.ask("settle") == subject.report(new: false))
      #expect(try PatchReader.read(subject.process).patches.allSatisfy { $0.state == .loaded && $0.drift.isEmpty })
      if let first { #expect(try memory.read(functions * 128, at: first) == text) }
    }
  }

  @Test("A successor takes the place, and never is the process unpatched")
  func successor() throws {
    let subject = try SwitchVictim(functions: 20)
    let other = try subject.artifact(functions: 10..<30, generation: 2, named: "successor.lpatch")
    _ = try subject.victim.ask("worlds 0 20 10 30")
    try Self.drive(.never, subject, "on")
    #expect(try subject.victim.ask("settle") == "new 11 12 wrong 0 mixed 0")
    _ = try subject.victim.ask("forget")
    for _ in 0..<3 {
      for (how, report) in [("forward", "newer 21 22"), ("back", "new 11 12")] {
        let run = try Self.run(
          .never,
          [
            TransitionDriverProgram.path, String(subject.victim.pid), subject.build.description, how,
            subject.artifactPath, other.path,
          ])
        #expect(run.output == "done\n", "\(run.output)\(run.errors)")
        #expect(try subject.victim.ask("settle") == "\(report) wrong 0 mixed 0")
        let active = try PatchReader.read(subject.process).patches.filter { $0.state == .active }
        #expect(active.count == 2 && active.allSatisfy { $0.drift.isEmpty })
      }
    }
    #expect(try !subject.victim.ask("seen").contains("old"))
  }

  @Test("With `never` each place is one word; with `ptrace` a page is one write, as ever: the stop is the tracer's")
  func routes() throws {
    for option in Option.allCases {
      let subject = try SwitchVictim(functions: 200)
      let first = try subject.address(of: "function_0").value
      let text = first..<first + 200 * 128
      let directory = try TemporaryDirectory()
      let file = directory.file("trace")
      let run = try Self.run(
        option,
        ["strace", "-f", "-qq", "-y", "-s", "0", "-e", "trace=ptrace,pwrite64", "-o", file]
          + TransitionDriverProgram.arguments(subject, "on"))
      try #require(run.output == "done\n", "\(run.output)\(run.errors)")
      let lines = try Command.output(["cat", file]).split(separator: "\n")
      let refused = lines.count { $0.contains("/mem>") && $0.hasSuffix("EIO (Input/output error)") }
      let words = lines.count { line in
        // ptrace(PTRACE_POKEDATA, THREAD, 0xADDRESS, 0xWORD)
        let parts = line.split(separator: ",")
        guard parts.count >= 4, parts[0].hasSuffix("PTRACE_POKEDATA") else { return false }
        return UInt64(parts[2].drop { $0 != "x" }.dropFirst(), radix: 16).map(text.contains) ?? false
      }
      switch option {
      case .never:
        #expect(words == 400, "armed and settled")
        // The switch's first, and the note of its time in each ledger.
        #expect(refused == 3)
      case .ptrace:
        #expect(words == 0)
        #expect(refused == 2, "the notes, which are written when nothing stands")
      }
    }
  }

  @Test("What somebody else has written is refused there too, and stays")
  func foreignBytes() throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c")
    let place = try subject.address(of: "function_0")
    let memory = try RemoteMemory(of: subject.process, forWriting: true)
    let original = try memory.read(5, at: place)
    try memory.write([0xcc], at: place)
    let run = try Self.run(.never, TransitionDriverProgram.arguments(subject, "on-checked"))
    #expect(run.output.contains("foreignBytes"), "\(run.output)")
    #expect(try memory.read(5, at: place) == [0xcc] + original[1...])
    #expect(try subject.isBare())
    try memory.write(original, at: place)
    try Self.drive(.never, subject, "on-checked")
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("Killed at its Nth request or write, for every N, the tool leaves wholly old or wholly new code")
  func everyWord() throws {
    let subject = try SwitchVictim(functions: 3, threads: 2)
    let reports = [true, false].map { subject.report(new: $0) }
    let isWhole = unsafe getenv("LPRECONCILE_KILL_CAMPAIGN") != nil
    var killed = 0
    var number = 0
    var isFinished = false
    while !isFinished {
      // Every third call; `make kill-campaign` takes every one.
      number += isWhole ? 1 : 3
      isFinished = true
      for isOn in [true, false] {
        let how = isOn ? "on" : "off"
        let run = try Self.run(
          .never,
          ["strace", "-f", "-qq", "-o", "/dev/null", "--inject=ptrace,pwrite64:signal=KILL:when=\(number)"]
            + TransitionDriverProgram.arguments(subject, how))
        #expect(!run.output.contains("refused"), "\(run.output)")
        if !run.output.contains("done") {
          killed += 1
          isFinished = false
        }
        #expect(try subject.victim.status("TracerPid") == "0")
        _ = try subject.victim.ask("settle")
        let report = try subject.victim.ask("report")
        try #require(reports.contains(report), "killed at call \(number): \(report)")
        // What it left is cleared up word by word.
        try Self.drive(.never, subject, how)
        #expect(try subject.victim.ask("report") == subject.report(new: isOn), "killed at call \(number)")
        #expect(try PatchReader.read(subject.process).patches.allSatisfy { $0.drift.isEmpty })
      }
    }
    print("word by word: killed \(killed) times, up to call \(number)")
    #expect(killed > (isWhole ? 150 : 50))
  }
}
