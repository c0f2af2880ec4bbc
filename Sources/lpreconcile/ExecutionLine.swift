internal import Reconciler

/// One event of an apply as a line.
struct ExecutionLine {
  private let event: Executor.Event
  /// How wide the names of the processes are, so that the words stand below each other.
  private let width: Int

  init(_ event: Executor.Event, width: Int) {
    self.event = event
    self.width = width
  }

  /// The width of the names of those processes of a plan that are to change.
  static func width(of plan: Plan) -> Int {
    plan.processes.filter(\.hasWork).map { TextReport.label(ProcessReport($0)).count }.max() ?? 0
  }

  /// Whether another line about the same process follows.
  var isPassing: Bool {
    switch event {
    case .began, .waiting: true
    case .finished: false
    }
  }

  var isWaiting: Bool { if case .waiting = event { true } else { false } }

  var index: Int {
    switch event {
    case .began(_, let index, _), .waiting(_, _, _, _, let index, _), .finished(_, let index, _): index
    }
  }

  func text(_ style: Style) -> String {
    switch event {
    case .began(let process, let index, let total):
      return head(ProcessReport(process), index, total) + "…"
    case .waiting(let process, let refused, let since, let limit, let index, let total):
      return head(ProcessReport(process), index, total) + style.word("waiting", width: 11)
        + "\(Int(since.seconds)) s of \(Int(limit.seconds)) s · \(refused.summary.printable) · Ctrl-C leaves it as it is"
    case .finished(let outcome, let index, let total):
      let report = ProcessReport(outcome)
      return head(report, index, total) + style.word(outcome.result.word, width: 11)
        + finished(outcome.result, report)
    }
  }

  /// What is said about a process with which the tool is done; the end of the report says more.
  private func finished(_ result: ProcessResult, _ report: ProcessReport) -> String {
    if report.blocking != nil { return TextReport.patience(report) }
    guard result == .changed else { return report.reason.map { "\($0.message.printable) [\($0.code)]" } ?? "" }
    var line = report.changes.map(\.patch.printable).uniqued().joined(separator: ", ")
    guard let stop = report.stop else { return line }
    if let longest = stop.longestMicroseconds {
      line += "   stopped \(Duration.microseconds(longest).milliseconds)"
    }
    // Without a switch no more than one thread stood at a time.
    if let threads = stop.threads, stop.tries > 0 {
      line += " · \(threads) thread\(threads == 1 ? "" : "s")"
      line += stop.tries == 1 ? " · first try" : " · \(stop.tries) tries"
    }
    return line
  }

  private func head(_ process: ProcessReport, _ index: Int, _ total: Int) -> String {
    let number = String(index)
    let padding = String(repeating: " ", count: max(0, String(total).count - number.count))
    return "[\(padding)\(number)/\(total)] \(TextReport.label(process).padded(to: width))  "
  }
}
