import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("A process is patched, confirmed and set back while its threads run", .needsRoot)
struct TransitionTests {
  @Test("Values and functions together, in one switch", arguments: [0, 1, 200])
  func onAndOff(functions: Int) throws {
    let subject = try SwitchVictim(functions: functions)
    let count = functions == 0 ? 1 : 2
    for _ in 0..<5 {
      let on = try subject.run(true)
      #expect(on.changed)
      #expect(try subject.victim.ask("report") == subject.report(new: true))
      let patches = try PatchReader.read(subject.process).patches
      #expect(patches.map(\.state) == [ObservedPatch.State](repeating: .active, count: count))
      #expect(patches.allSatisfy { $0.drift.isEmpty && $0.activatedAt != nil })
      #expect(try subject.run(true).changed == false, "a second time there is nothing to do")

      let off = try subject.run(false)
      #expect(off.valuesLeft.isEmpty)
      #expect(try subject.victim.ask("report") == subject.report(new: false))
      if off.keptLoaded.isEmpty {
        let map = try MemoryMap.read(subject.process)
        #expect(!map.mappings.contains { $0.memoryFileName != nil }, "nothing is left")
      } else {
        #expect(try PatchReader.read(subject.process).patches.allSatisfy { $0.state == .loaded && $0.drift.isEmpty })
      }
    }
  }

  @Test("A limit that no stop can keep leaves every byte as it is")
  func tooShort() throws {
    let subject = try SwitchVictim(functions: 200)
    let policy = SwitchPolicy(maxStop: .microseconds(1), checksStacks: false, retryFor: .zero)
    let error = #expect(throws: TransitionRefused.self) { try subject.run(true, policy: policy) }
    #expect(error?.reason == .stopTooLong(limit: .microseconds(1)))
    #expect(try subject.victim.ask("report") == subject.report(new: false))
    #expect(try PatchReader.read(subject.process).patches.isEmpty)
  }

  @Test("A process that has ended is gone, not refused")
  func gone() throws {
    let subject = try SwitchVictim(functions: 0)
    let request = try PairPatch.request(subject.process, subject.build, isOn: true, nil)
    subject.victim.end()
    let error = #expect(throws: TransitionRefused.self) { try Transition.run(request) }
    #expect(error?.reason == .gone)
  }

  @Test("A value that is not what was expected is refused, and nothing is loaded")
  func unexpected() throws {
    let subject = try SwitchVictim(functions: 0)
    var patch = PairPatch.values(subject.build)
    patch.values[1].expect = [9, 0, 0, 0, 0, 0, 0, 0]
    var request = try PairPatch.request(subject.process, subject.build, isOn: true, nil)
    request.load = [.values(patch)]
    let error = #expect(throws: TransitionRefused.self) { try Transition.run(request) }
    #expect(
      error?.reason
        == .unexpectedValue(expected: [9, 0, 0, 0, 0, 0, 0, 0], found: [2, 0, 0, 0, 0, 0, 0, 0]))
    #expect(try PatchReader.read(subject.process).patches.isEmpty)
    #expect(try subject.victim.ask("report") == subject.report(new: false))
  }
}
