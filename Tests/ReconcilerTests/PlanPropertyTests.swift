import LiveProcess
import Manifest
import Patch
import Reconciler
import Testing

@Suite("A plan is a pure function, and applying it is enough")
struct PlanPropertyTests {
  @Test("Applying a plan reaches a state whose plan is empty", arguments: 0..<600 as Range<UInt64>)
  func oneApplyIsEnough(seed: UInt64) throws {
    var generator = StateGenerator(seed: seed)
    let desired = generator.desired()
    var observed = generator.observed()
    let prune = generator.chance(30)
    let first = plan(desired: desired, observed: observed, prune: prune)
    for process in first.processes {
      guard let request = process.request(contents: desired.contents) else { continue }
      let index = try #require(observed.processes.firstIndex { $0.identity == process.identity })
      try observed.processes[index].make(request)
    }
    let second = plan(desired: desired, observed: observed, prune: prune)
    #expect(second.isEmpty, "\(second.processes.filter(\.hasWork))")
    for before in first.processes where before.canConverge {
      // A process that nothing speaks of any more, such as one whose orphans were pruned, is in no plan.
      guard let after = second.processes.first(where: { $0.identity == before.identity }) else { continue }
      #expect(after.canConverge)
      #expect([.converged, .notCovered, .unmanaged].contains(after.state), "\(after)")
    }
  }

  @Test("The order of manifests, builds and processes does not matter", arguments: 0..<300 as Range<UInt64>)
  func orderDoesNotMatter(seed: UInt64) {
    var generator = StateGenerator(seed: seed)
    var desired = generator.desired()
    var observed = generator.observed()
    let first = plan(desired: desired, observed: observed)
    desired.sets.shuffle(using: &generator)
    for index in desired.sets.indices { desired.sets[index].builds.shuffle(using: &generator) }
    observed.processes.shuffle(using: &generator)
    for index in observed.processes.indices { observed.processes[index].patches.shuffle(using: &generator) }
    #expect(plan(desired: desired, observed: observed) == first)
  }

  @Test(
    "The words are disjoint, add up, and each but converged has a reason with a next step",
    arguments: 0..<300 as Range<UInt64>)
  func wordsAddUp(seed: UInt64) {
    var generator = StateGenerator(seed: seed)
    let result = plan(desired: generator.desired(), observed: generator.observed())
    let summary = Summary(of: result)
    #expect(ProcessState.allCases.reduce(0) { $0 + summary[$1] } == result.processes.count)
    for process in result.processes {
      #expect((process.state == .converged) == process.reasons.isEmpty)
      #expect(process.reasons.allSatisfy { !$0.next.isEmpty })
      if process.state == .converged { #expect(!process.hasWork) }
    }
    #expect(Set(result.processes.map(\.identity)).count == result.processes.count)
  }

  @Test("A listed build under another path is left alone with its patches", arguments: [false, true])
  func listedElsewhere(prune: Bool) throws {
    let build = StateGenerator.build(0, 0)
    let carried = StateGenerator.patch(0, version: 0, build: build, state: .active)
    let set = DesiredSet(
      name: "set", binary: "/usr/bin/alpha",
      builds: [DesiredBuild(buildID: build, patches: [carried], declaredAt: StateGenerator.at(9))],
      unknownBuilds: .report, filter: DesiredFilter(), policy: .careful, retryForAt: StateGenerator.at(9),
      declaredAt: StateGenerator.at(1))
    let start = RemoteAddress(1 << 32)
    let process = ObservedProcess(
      identity: ProcessIdentity(pid: ProcessID(7), startTime: 7), name: "p", arguments: [], userID: 0, cgroup: "/",
      binaries: [
        MappedBinary(
          buildID: build, path: "/usr/bin/alpha.old", isDeleted: false, loadBias: start.value,
          range: start..<RemoteAddress(start.value + 4096))
      ],
      patches: [
        ObservedPatch(
          id: carried.id, name: carried.name, fixes: [], buildID: build, state: .active, places: [], drift: [],
          mappedSize: 8192)
      ],
      leftovers: [])
    let result = plan(
      desired: DesiredState(sets: [set]), observed: Observation(processes: [process]), prune: prune)
    let planned = try #require(result.processes.first)
    #expect(planned.state == .notCovered)
    #expect(planned.reasons.map(\.code) == ["LP0302"])
    #expect(planned.changes.isEmpty)
  }
}
