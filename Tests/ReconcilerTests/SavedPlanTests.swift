import LiveProcess
import Manifest
import Reconciler
import Testing

@Suite("A saved plan is exact or refused")
struct SavedPlanTests {
  static let origin = Report.Origin(tool: "0", createdAt: "now", bootId: "boot")
  static let inputs = [Report.Input(path: "m.yaml", sha256: "aa")]

  func saved(_ observed: Observation) -> Report {
    let desired = ExecutorTests.desired()
    var report = Report.of(
      plan(desired: desired, observed: observed), desired: desired, kind: .plan, origin: Self.origin)
    report.inputs = Self.inputs
    return report
  }

  func codes(
    _ before: Observation, _ after: Observation, inputs: [Report.Input] = inputs, boot: String = "boot"
  ) -> [String] {
    SavedPlan.differences(
      saved: saved(before), current: plan(desired: ExecutorTests.desired(), observed: after), inputs: inputs,
      bootId: boot
    ).map(\.code)
  }

  static let world = Observation(processes: [ExecutorTests.process(10), ExecutorTests.process(11)])

  @Test func theSameWorldIsAccepted() { #expect(codes(Self.world, Self.world) == []) }

  @Test func aNewProcessIsLeftAlone() throws {
    var later = Self.world
    later.processes.append(ExecutorTests.process(12))
    #expect(codes(Self.world, later) == [])
    let current = plan(desired: ExecutorTests.desired(), observed: later)
    let restricted = SavedPlan.restrict(current, to: saved(Self.world))
    #expect(restricted.processes.filter(\.hasWork).map(\.identity.pid.value) == [10, 11])
    #expect(restricted.processes.last?.reasons.first?.code == "LP0605")
  }

  @Test func aProcessThatEndedIsRefused() {
    #expect(codes(Self.world, Observation(processes: [ExecutorTests.process(10)])) == ["LP0601"])
  }

  @Test func aPIDThatWasGivenAgainIsRefused() {
    var later = Self.world
    later.processes[1].identity = ProcessIdentity(pid: ProcessID(11), startTime: 99)
    #expect(codes(Self.world, later) == ["LP0601"])
  }

  @Test func anotherPatchInTheProcessIsRefused() throws {
    var later = Self.world
    try later.processes[0].make(
      TransitionRequest(
        process: later.processes[0].identity,
        load: [StateGenerator.patch(2, version: 0, build: ExecutorTests.build, state: .loaded).content].compactMap(
          \.self),
        activate: [], deactivate: [], unload: [], policy: .careful))
    #expect(codes(Self.world, later) == ["LP0601"])
  }

  @Test func anotherInputIsRefused() {
    #expect(codes(Self.world, Self.world, inputs: [.init(path: "m.yaml", sha256: "bb")]) == ["LP0602"])
    #expect(codes(Self.world, Self.world, inputs: []) == ["LP0602"])
  }

  @Test func anotherBootIsRefused() { #expect(codes(Self.world, Self.world, boot: "next") == ["LP0603"]) }
}
