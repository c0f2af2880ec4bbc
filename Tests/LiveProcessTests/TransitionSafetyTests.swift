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
}
