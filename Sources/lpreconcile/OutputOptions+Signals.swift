internal import Glibc
internal import Reconciler

extension OutputOptions {
  /// Lets Ctrl-C end a command at the next safe moment; before anything has been begun that is at once.
  ///
  /// - Parameter kind: of the report in which it is said.
  /// - Returns: what the work asks before it begins something.
  func watchSignals(_ kind: Report.Kind) -> Interruption {
    let (isJSON, style) = (isJSON, style(for: STDERR_FILENO))
    let isAsked = !isJSON && Output.isTerminal(STDOUT_FILENO)
    let interruption = Interruption()
    interruption.watchSignals {
      let finding = Finding(
        "LP0611", "interrupted before anything was begun; nothing was changed",
        next: ["lpreconcile \(kind.command) again"])
      // Behind a question the line is not at its beginning.
      if isAsked { Output.out("\n") }
      if isJSON { Output.out(Commands.reconciliation().error(kind, finding, status: .interrupted).json()) }
      Output.error(TextReport.finding(finding, style: style))
      _exit(ExitStatus.interrupted.rawValue)
    }
    return interruption
  }
}

extension Report.Kind {
  /// The command that makes such a report.
  fileprivate var command: String { self == .revert ? "revert" : "apply" }
}
