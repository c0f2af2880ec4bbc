import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("Processes that come from a patched one, or share its memory", .needsRoot)
struct FamilyTests {
  private static let quick = SwitchPolicy(maxStop: .seconds(10), checksStacks: true, retryFor: .milliseconds(300))

  @Test("A forked child has a copy of the state: what is done to one does not touch the other")
  func fork() throws {
    let subject = try SwitchVictim(functions: 1, program: "family.c")
    let (old, new) = (subject.report(new: false), subject.report(new: true))
    _ = try subject.run(true)
    let number = try #require(Int32(try subject.victim.ask("fork")))
    let child = ProcessID(number)
    func runChild(_ isOn: Bool) throws -> TransitionOutcome {
      try Transition.run(PairPatch.request(child, subject.build, isOn: isOn, subject.artifact))
    }
    #expect(try subject.victim.ask("child report") == new)
    #expect(try PatchReader.read(child).patches.map(\.state) == [.active, .active])

    #expect(try subject.run(false).keptLoaded.isEmpty)
    #expect(try subject.isBare())
    #expect(try subject.victim.ask("report") == old)
    #expect(try subject.victim.ask("child report") == new)
    #expect(try PatchReader.read(child).patches.allSatisfy { $0.state == .active && $0.drift.isEmpty })

    #expect(try runChild(false).changed)
    #expect(try subject.victim.ask("child report") == old)
    #expect(try subject.run(true).changed)
    #expect(try subject.victim.ask("report") == new)
    #expect(try subject.victim.ask("child report") == old)
    #expect(try runChild(true).changed)
    #expect(try subject.victim.ask("child report") == new)
    #expect(try runChild(false).keptLoaded.isEmpty)
    #expect(try !MemoryMap.read(child).mappings.contains { $0.memoryFileName != nil })
    #expect(try subject.victim.ask("report") == new)
  }

  @Test("Who shares its memory is named and waited for", arguments: ["vfork", "clone"])
  func sharesMemory(how: String) throws {
    let subject = try SwitchVictim(functions: 1, program: "family.c")
    let child = try #require(Int32(try subject.victim.ask(how)))
    let error = #expect(throws: TransitionRefused.self) { try subject.run(true, policy: Self.quick) }
    #expect(error?.reason == .sharesMemory(with: child), "\(String(describing: error))")
    #expect(try subject.victim.ask("report") == subject.report(new: false))
    #expect(try !subject.states().values.contains(.active))
    var driver = try TransitionDriverProgram.start(subject, "on")
    #expect(try subject.victim.ask("release") == "released")
    #expect(try driver.readLine(until: .now + .seconds(60)) == "done")
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }
}
