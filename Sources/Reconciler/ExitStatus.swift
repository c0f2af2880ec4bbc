/// The exit statuses, in the one table that the help, the documents and the tests read.
package enum ExitStatus: Int32, CaseIterable, Sendable {
  case success = 0
  case error = 1
  case changesPending = 2
  case notConverged = 3
  case usage = 64
  case interrupted = 130

  /// What it means.
  package var meaning: String {
    switch self {
    case .success: "done, and everything is as declared; plan: there is nothing to do"
    case .error: "an error: a manifest, an artifact, a file or the kill switch; nothing was changed"
    case .changesPending: "plan only: there are changes, and all are possible"
    case .notConverged: "not everything is or can be as declared; the report says which process and why"
    case .usage: "wrong usage"
    case .interrupted: "interrupted; the report says what was and was not changed"
    }
  }

  /// The table, one line each.
  package static var table: String {
    allCases.map { status in
      let number = String(status.rawValue)
      return "  " + String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
    }.joined(separator: "\n")
  }
}
