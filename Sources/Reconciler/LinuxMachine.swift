package import LiveProcess

/// The machine that the tool runs on.
///
/// Until the look at processes and the transition are in place it says that it can do neither.
package struct LinuxMachine: Machine {
  package init() {}

  package func observe(_ question: Question) -> Observation {
    var observation = Observation(processes: [])
    observation.failure = Finding(
      "LP0620", "the processes cannot be listed: this version cannot look at processes yet",
      next: ["lpreconcile validate and lpreconcile inspect work"])
    return observation
  }

  package func transition(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
    try Transition.run(request)
  }
}
