import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("A patch and its successor trade places in one switch", .needsRoot)
struct SuccessorTests {
  /// Which functions the two have.
  struct Cover: Sendable, CustomTestStringConvertible {
    var first: Range<Int>
    var second: Range<Int>
    var testDescription: String { "\(first) and \(second)" }
  }

  static let covers = [
    Cover(first: 0..<50, second: 0..<200), Cover(first: 0..<200, second: 80..<120),
    Cover(first: 0..<100, second: 0..<100), Cover(first: 0..<120, second: 60..<200),
  ]

  @Test("Busy threads never see the process without either", arguments: covers)
  func trade(cover: Cover) throws {
    let subject = try SwitchVictim(functions: 200)
    let one = PairPatch.Generation(
      try subject.artifact(functions: cover.first, generation: 1, named: "one").artifact, number: 1)
    let two = PairPatch.Generation(
      try subject.artifact(functions: cover.second, generation: 2, named: "two").artifact, number: 2)
    _ = try subject.victim.ask(
      "worlds \(cover.first.lowerBound) \(cover.first.upperBound) \(cover.second.lowerBound) \(cover.second.upperBound)"
    )
    let policy = SwitchPolicy(maxStop: .seconds(10), checksStacks: cover.second.count == 40, retryFor: .seconds(30))
    func change(_ old: PairPatch.Generation?, _ new: PairPatch.Generation?) throws -> TransitionOutcome {
      try Transition.run(PairPatch.change(subject.process, subject.build, from: old, to: new, policy: policy))
    }
    for _ in 0..<2 {
      _ = try change(nil, one)
      #expect(try subject.victim.ask("settle") == "new 11 12 wrong 0 mixed 0")
      _ = try subject.victim.ask("forget")
      for _ in 0..<4 {
        #expect(try change(one, two).valuesLeft.isEmpty)
        #expect(try subject.victim.ask("settle") == "newer 21 22 wrong 0 mixed 0")
        #expect(try change(two, one).changed)
        #expect(try subject.victim.ask("settle") == "new 11 12 wrong 0 mixed 0")
      }
      let seen = try subject.victim.ask("seen")
      #expect(seen == "new newer ", "neither the old code nor a mixture")
      _ = try change(one, two)
      let active = try subject.states().filter { $0.value == .active }
      #expect(active.keys.sorted() == ["pair-2", "test-2"])
      _ = try change(two, nil)
      #expect(try subject.victim.ask("settle") == "old 1 2 wrong 0 mixed 0")
      #expect(try subject.states().values.allSatisfy { $0 == .loaded })
    }
  }
}
