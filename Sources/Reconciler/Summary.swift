/// How many processes each word stands for; the words are disjoint and the counts add up.
package struct Summary: Equatable, Sendable {
  private var counts: [ProcessState: Int] = [:]

  package init(of plan: Plan) {
    for process in plan.processes { counts[process.state, default: 0] += 1 }
  }

  package subscript(_ state: ProcessState) -> Int { counts[state, default: 0] }

  /// All processes that were looked at and matter.
  package var processes: Int { counts.values.reduce(0, +) }
}
