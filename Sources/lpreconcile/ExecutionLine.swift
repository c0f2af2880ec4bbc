internal import Reconciler

/// One event of an apply as a line.
struct ExecutionLine {
  private let event: Executor.Event
  init(_ event: Executor.Event) { self.event = event }

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
      return "[\(index)/\(total)] \(label(ProcessReport(process)))  …"
    case .waiting(let process, let refused, let since, let limit, let index, let total):
      return "[\(index)/\(total)] \(label(ProcessReport(process)))  \(style.word("waiting", width: 9))"
        + "\(refused.report(retryForAt: nil).message.printable)   "
        + "\(Int(since.seconds)) s of \(Int(limit.seconds)) s · Ctrl-C leaves it as it is"
    case .finished(let outcome, let index, let total):
      let report = ProcessReport(outcome)
      let result = outcome.result.word
      var line = "[\(index)/\(total)] \(label(report))  \(style.word(result, width: 9))  "
      line += report.changes.map(\.patch.printable).uniqued().joined(separator: ", ")
      if let stop = report.stop, outcome.result == .changed {
        if let longest = stop.longestMicroseconds {
          line += "   stopped \(Duration.microseconds(longest).milliseconds)"
        }
        // Without a switch no more than one thread stood at a time.
        if let threads = stop.threads, stop.tries > 0 {
          line += " · \(threads) thread\(threads == 1 ? "" : "s")"
          line += stop.tries == 1 ? " · first try" : " · \(stop.tries) tries"
        }
      } else if let reason = report.reason {
        line += "   \(reason.message.printable) [\(reason.code)]"
      }
      return line
    }
  }

  private func label(_ process: ProcessReport) -> String { TextReport.label(process) }
}
