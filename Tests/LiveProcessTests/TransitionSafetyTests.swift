import Glibc
import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("A process is left alone, or switched later, while it stands in the way", .needsRoot)
struct TransitionSafetyTests {
  private static func policy(checksStacks: Bool, retryFor: Duration) -> SwitchPolicy {
    SwitchPolicy(maxStop: .seconds(10), checksStacks: checksStacks, retryFor: retryFor)
  }

  @Test("A function in use stays as it is, and who is inside is named")
  func inUse() throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c")
    let bytes = try subject.victim.ask("bytes")
    let thread = try subject.victim.ask("enter -1")
    let limit = Duration.milliseconds(500)
    var error: TransitionRefused?
    let took = ContinuousClock().measure {
      error = #expect(throws: TransitionRefused.self) {
        try subject.run(true, policy: Self.policy(checksStacks: true, retryFor: limit))
      }
    }
    #expect(took < limit + .seconds(1))
    #expect((error?.tries ?? 0) > 1)
    #expect(error?.symbol == "function_0")
    guard case .functionInUse(let found, let backtrace) = error?.reason else {
      Issue.record("not in use: \(String(describing: error))")
      return
    }
    #expect(String(found) == thread)
    let names = backtrace.map { $0.text.prefix { $0 != "+" } }
    let chain: [Substring] = ["six", "five", "four", "three", "two", "function_0"]
    #expect(names.filter(chain.contains) == chain, "\(names)")
    #expect(try subject.victim.ask("bytes") == bytes)
    #expect(try subject.victim.ask("report") == subject.report(new: false))
    #expect(try PatchReader.read(subject.process).patches.isEmpty)

    #expect(try subject.victim.ask("leave") == "1", "it goes on as if nothing had been")
    #expect(try subject.run(true, policy: Self.policy(checksStacks: true, retryFor: limit)).changed)
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("When the thread leaves while attempts are made, the switch happens")
  func leaves() throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c")
    _ = try subject.victim.ask("enter 1500")
    let outcome = try subject.run(true, policy: Self.policy(checksStacks: true, retryFor: .seconds(30)))
    #expect(outcome.changed && outcome.tries > 1)
    #expect(try subject.victim.ask("leave") == "1")
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("Who asks for it at once gets it at once; who is inside finishes the old one")
  func immediate() throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c")
    _ = try subject.victim.ask("enter -1")
    let outcome = try subject.run(true, policy: Self.policy(checksStacks: false, retryFor: .zero))
    #expect(outcome.changed && outcome.tries == 1)
    #expect(try subject.victim.ask("report") == subject.report(new: true))
    #expect(try subject.victim.ask("leave") == "1")
  }

  @Test("A thread that waits in the new function keeps it loaded, and a later run unloads it")
  func insideReplacement() throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c", replacement: "blocked-new.c")
    _ = try subject.run(true)
    let thread = try subject.victim.ask("enter -1")
    let policy = Self.policy(checksStacks: false, retryFor: .seconds(1))
    let off = try subject.run(false, policy: policy)
    #expect(off.keptLoaded.map(\.patch) == [try #require(subject.artifact).id])
    guard case .functionInUse(let found, let backtrace) = off.keptLoaded.first?.reason else {
      Issue.record("\(off.keptLoaded)")
      return
    }
    #expect(String(found) == thread)
    #expect(backtrace.contains { $0.text.hasPrefix("five+") })
    #expect(try subject.victim.ask("report") == subject.report(new: false))
    #expect(try subject.states() == ["test": .loaded])

    #expect(try subject.victim.ask("leave") == "1001", "it goes on in the new function")
    let again = try subject.run(false, policy: policy)
    #expect(again.keptLoaded.isEmpty, "\(again.keptLoaded)")
    #expect(try subject.isBare())
    #expect(try subject.victim.ask("report") == subject.report(new: false))
  }

  @Test("Threads that stand between the bytes go on in the moved copy, over hundreds of switches")
  func insideBytes() throws {
    let subject = try SwitchVictim(functions: 20, threads: 4, head: .spins)
    for _ in 0..<100 {
      for isOn in [true, false] { _ = try subject.run(isOn) }
    }
    #expect(try subject.victim.ask("report") == subject.report(new: false))
    _ = try subject.run(true)
    #expect(try subject.victim.ask("settle") == subject.report(new: true))
  }

  @Test("A signal's handler that will return between the bytes is waited for", arguments: [true, false])
  func handlerInsideBytes(checksStacks: Bool) throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c", head: .traps)
    let bytes = try subject.victim.ask("bytes")
    let thread = try subject.victim.ask("enter -1")
    let policy = Self.policy(checksStacks: checksStacks, retryFor: .milliseconds(300))
    let error = #expect(throws: TransitionRefused.self) { try subject.run(true, policy: policy) }
    guard case .functionInUse(let found, _) = error?.reason else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(String(found) == thread)
    #expect(try subject.victim.ask("bytes") == bytes)
    #expect(try subject.victim.ask("leave") == "1")
    #expect(try subject.run(true, policy: policy).changed)
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("Who traces it is named, and the switch is made when they have gone", arguments: ["strace", "gdb"])
  func traced(by name: String) throws {
    let subject = try SwitchVictim(functions: 1)
    let pid = String(subject.victim.pid)
    let command =
      name == "gdb"
      ? [
        "gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-p", pid, "-ex", "echo attached\\n", "-ex",
        "continue",
      ]
      : ["strace", "-qq", "-f", "-e", "trace=none", "-o", "/dev/null", "-p", pid]
    var tracer = try ChildProcess(command, collectsErrors: true)
    #expect(try eventually { try subject.victim.status("TracerPid") == String(tracer.pid) })
    if name == "gdb" {
      // A gdb that dies before it lets the process run leaves the SIGSTOP of its attach behind.
      while try tracer.readLine(until: .now + .seconds(60)) != "attached" {}
    }
    #expect(try subject.victim.ask("report") == subject.report(new: false))
    let error = #expect(throws: TransitionRefused.self) {
      try subject.run(true, policy: Self.policy(checksStacks: false, retryFor: .milliseconds(200)))
    }
    #expect(error?.reason == .traced(by: tracer.pid, name: name))
    #expect(try subject.states().isEmpty)
    var driver = try TransitionDriverProgram.start(subject, "on")
    kill(tracer.pid, SIGKILL)
    _ = tracer.wait()
    #expect(try driver.readLine(until: .now + .seconds(60)) == "done")
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("Of two transitions at once each is done after the other")
  func twoAtOnce() throws {
    let subject = try SwitchVictim(functions: 20)
    for isOn in [true, false, true, false] {
      var one = try TransitionDriverProgram.start(subject, isOn ? "on" : "off")
      var other = try TransitionDriverProgram.start(subject, isOn ? "on" : "off")
      #expect(try one.readLine(until: .now + .seconds(60)) == "done")
      #expect(try other.readLine(until: .now + .seconds(60)) == "done")
      #expect(try subject.victim.ask("settle") == subject.report(new: isOn))
      #expect(try subject.states() == (isOn ? ["test": .active, "pair": .active] : [:]))
    }
  }

  @Test("Who comes second and cannot wait is told who works on it")
  func second() throws {
    let subject = try SwitchVictim(functions: 1, program: "blocked.c")
    _ = try subject.victim.ask("enter -1")
    var first = try TransitionDriverProgram.start(subject, "on-checked")
    #expect(try eventually { try !subject.states().isEmpty })
    let error = #expect(throws: TransitionRefused.self) {
      try subject.run(true, policy: Self.policy(checksStacks: false, retryFor: .milliseconds(50)))
    }
    #expect(error?.reason == .anotherReconciler(pid: first.pid))
    _ = try subject.victim.ask("leave")
    #expect(try first.readLine(until: .now + .seconds(60)) == "done")
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }
}
