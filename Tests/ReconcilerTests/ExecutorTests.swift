import LiveProcess
import Manifest
import Patch
import Reconciler
import Synchronization
import Testing

@Suite("The executor carries out a plan and nothing else")
struct ExecutorTests {
  static let build = StateGenerator.build(0, 0)

  static func desired(_ versions: [Int] = [1]) -> DesiredState {
    let patches = versions.enumerated().map {
      StateGenerator.patch($0.offset, version: $0.element, build: build, state: .active)
    }
    return DesiredState(sets: [
      DesiredSet(
        name: "set", binary: StateGenerator.paths[0],
        builds: [DesiredBuild(buildID: build, patches: patches, declaredAt: StateGenerator.at(3))],
        unknownBuilds: .report, filter: DesiredFilter(),
        policy: SwitchPolicy(maxStop: .milliseconds(50), checksStacks: true, retryFor: .milliseconds(30)),
        retryForAt: StateGenerator.at(27), declaredAt: StateGenerator.at(1))
    ])
  }

  static func process(_ pid: Int32, build: BuildID = build) -> ObservedProcess {
    let start = RemoteAddress(1 << 32)
    let binary = MappedBinary(
      buildID: build, path: StateGenerator.paths[0], isDeleted: false, loadBias: start.value,
      range: start..<RemoteAddress(start.value + 4096))
    return ObservedProcess(
      identity: ProcessIdentity(pid: ProcessID(pid), startTime: UInt64(pid)), name: "alpha",
      arguments: ["alpha", ":\(pid)"], userID: 0, cgroup: "/", binaries: [binary], patches: [], leftovers: [])
  }

  static func machine(_ pids: Range<Int32>) -> ModelMachine {
    ModelMachine(Observation(processes: pids.map { process($0) }))
  }

  func apply(
    _ machine: ModelMachine, _ desired: DesiredState = desired(), options: Executor.Options = .init(),
    interruption: Interruption = Interruption(), watch: @escaping @Sendable (Executor.Event) -> Void = { _ in }
  ) -> Execution {
    Executor(machine: machine, options: options, interruption: interruption, watch: watch)
      .run(Question(about: desired), contents: desired.contents) { plan(desired: desired, observed: $0) }
  }

  @Test func everyProcessIsChangedAndASecondApplyChangesNothing() {
    let machine = Self.machine(1..<41)
    let first = apply(machine)
    #expect(first.count(.changed) == 40)
    #expect(first.outcomes.allSatisfy { $0.finalState == .converged })
    let requests = machine.requests.count
    let second = apply(machine)
    #expect(second.count(.converged) == 40 && second.count(.changed) == 0)
    #expect(machine.requests.count == requests, "a second apply runs no transition")
  }

  @Test func aFailureInOneProcessLeavesTheOthersConverging() {
    let machine = Self.machine(1..<9)
    machine.change { $0.refusals = [3: .outOfReach, 5: .kernel(call: "mmap", errno: 12), 6: .gone] }
    let execution = apply(machine)
    #expect(execution.count(.changed) == 5)
    #expect(execution.outcomes.map(\.result)[2] == .refused)
    #expect(execution.outcomes.map(\.result)[4] == .failed)
    #expect(execution.outcomes.map(\.result)[5] == .gone)
    #expect(execution.outcomes.filter(\.isFailure).allSatisfy { !$0.reasons.isEmpty })
  }

  @Test func whatIsForkedInBetweenIsFoundByTheNextLook() {
    let machine = Self.machine(1..<4)
    machine.change { state in
      state.latecomers = [(after: 2, process: Self.process(70)), (after: 4, process: Self.process(71))]
    }
    let execution = apply(machine)
    #expect(execution.outcomes.map(\.process.identity.pid.value) == [1, 2, 3, 70, 71])
    #expect(execution.count(.changed) == 5)
  }

  @Test func aMachineThatForksWithoutEndDoesNotKeepTheTool() {
    let machine = Self.machine(1..<2)
    machine.change { $0.latecomers = (1..<200).map { (after: $0, process: Self.process(100 + Int32($0))) } }
    let execution = apply(machine)
    #expect(machine.looks <= Executor.Options().looks + 1)
    #expect(execution.count(.busy) > 0)
  }

  @Test func theLimitIsTheNumberOfChangedProcesses() {
    let machine = Self.machine(1..<9)
    var options = Executor.Options()
    options.limit = 2
    let execution = apply(machine, options: options)
    #expect(machine.requests.count == 2)
    #expect(execution.count(.changed) == 2 && execution.count(.busy) == 6)
    #expect(execution.outcomes.filter { $0.result == .busy }.allSatisfy { $0.reasons.first?.code == "LP0613" })
  }

  @Test func stopOnFailureBeginsNothingAfterIt() {
    let machine = Self.machine(1..<9)
    machine.change { $0.refusals = [2: .outOfReach] }
    var options = Executor.Options()
    options.stopsOnFailure = true
    let execution = apply(machine, options: options)
    #expect(machine.requests.map(\.process.pid.value) == [1, 2])
    #expect(execution.count(.changed) == 1 && execution.count(.refused) == 1 && execution.count(.busy) == 6)
  }

  @Test func aBusyProcessIsRetriedForAsLongAsThePolicySays() throws {
    let machine = Self.machine(1..<2)
    machine.change { $0.refusals = [1: .functionInUse(thread: 1, backtrace: [])] }
    let clock = ContinuousClock()
    let begin = clock.now
    let execution = apply(machine)
    #expect(clock.now - begin < .seconds(1))
    let outcome = try #require(execution.outcomes.first)
    #expect(outcome.result == .busy)
    #expect(outcome.refused?.tries ?? 0 > 1)
    #expect(outcome.reasons.first?.next.first?.contains("m.yaml:27:3") == true)
  }

  @Test func anInterruptionEndsAfterTheTransitionsUnderWay() {
    let machine = Self.machine(1..<50)
    let interruption = Interruption()
    var options = Executor.Options()
    options.workers = 1
    let execution = apply(machine, options: options, interruption: interruption) { event in
      if case .finished(_, let index, _) = event, index == 3 { interruption.want() }
    }
    #expect(execution.wasInterrupted)
    #expect(execution.count(.changed) == 3 && execution.count(.busy) == 46)
    #expect(machine.requests.count == 3)
  }

  @Test func aSuccessorTakesItsPlaceInOneTransition() throws {
    let machine = Self.machine(1..<2)
    _ = apply(machine, Self.desired([1]))
    _ = apply(machine, Self.desired([2]))
    let request = try #require(machine.requests.last)
    #expect(request.load.count == 1 && request.activate.count == 1)
    #expect(request.deactivate.count == 1 && request.unload == request.deactivate)
  }

  @Test("Result words are disjoint and add up", arguments: 0..<200 as Range<UInt64>)
  func wordsAddUp(seed: UInt64) {
    var generator = StateGenerator(seed: seed)
    let desired = generator.desired()
    let observed = generator.observed()
    let machine = ModelMachine(observed)
    let reasons: [TransitionRefused.Reason] = [.gone, .outOfReach, .kernel(call: "mmap", errno: 12)]
    var refusals: [Int32: TransitionRefused.Reason] = [:]
    for process in observed.processes where generator.chance(30) {
      refusals[process.identity.pid.value] = reasons.randomElement(using: &generator)
    }
    machine.change { [refusals] in $0.refusals = refusals }
    let first = plan(desired: desired, observed: observed)
    let execution = apply(machine, desired)
    #expect(ProcessResult.allCases.reduce(0) { $0 + execution.count($1) } == execution.outcomes.count)
    #expect(execution.outcomes.map(\.process.identity) == first.processes.map(\.identity))
    for outcome in execution.outcomes where outcome.isFailure {
      #expect(outcome.reasons.first.map { !$0.next.isEmpty } == true, "\(outcome)")
    }
  }
}
