import LiveProcess
import Patch
import Reconciler
import Testing

@Suite("A change counts when a look at the process says so, not when the transition does")
struct ConfirmationTests {
  /// Says that it has changed a process, and has not.
  private struct IdleMachine: Machine {
    let observation: Observation
    func observe(_ question: Question) -> Observation { observation }
    func transition(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
      TransitionOutcome(
        longestStop: .microseconds(1), threads: 1, tries: 1, changed: true, keptLoaded: [], valuesLeft: [],
        recovered: [])
    }
  }

  @Test("A transition that reports success and has changed nothing has failed")
  func unconfirmed() throws {
    let desired = ExecutorTests.desired()
    let machine = IdleMachine(observation: Observation(processes: [ExecutorTests.process(1)]))
    let execution = Executor(machine: machine).run(Question(about: desired), contents: desired.contents) {
      plan(desired: desired, observed: $0)
    }
    let outcome = try #require(execution.outcomes.first)
    #expect(outcome.result == .failed)
    #expect(outcome.reasons.contains { $0.code == "LP0612" })
  }
}
