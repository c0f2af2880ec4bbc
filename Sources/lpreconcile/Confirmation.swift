internal import ArgumentParser
internal import Glibc
internal import Reconciler

/// The question before something is changed; only on a terminal, and never with `--yes`.
enum Confirmation {
  static func ask(
    _ report: Report, _ output: OutputOptions, yes: Bool, kind: Report.Kind, text: (TextReport) -> String
  ) throws {
    let count = report.summary["toChange"] ?? report.processes.count { !$0.changes.isEmpty }
    guard !yes, !output.isJSON, count > 0, Output.isTerminal(STDIN_FILENO), Output.isTerminal(STDOUT_FILENO) else {
      return
    }
    Output.out(
      text(TextReport(report: report, style: output.style(for: STDOUT_FILENO), isVerbose: output.verbose)))
    let removed = report.processes.count { $0.changes.contains { $0.after == "absent" } }
    let removal = removed > 0 ? " (patches are taken away from \(removed))" : ""
    let question =
      kind == .revert
      ? "Take patches away from \(TextReport.counted(count))?" : "Change \(TextReport.counted(count))\(removal)?"
    Output.out("\(question) [y/N] ")
    let answer = readLine() ?? ""
    guard ["y", "yes"].contains(answer.lowercased()) else {
      throw output.fail(
        kind, Finding("LP0616", "not confirmed; nothing was changed", next: ["answer y, or give --yes"]))
    }
  }
}

extension Finding {
  /// A file could not be read.
  static func notRead(_ failed: FileAccess.Failed) -> Finding {
    Finding(
      "LP0606", "\(failed.path) cannot be read: \(SystemError.text(failed.errno))",
      next: ["check the path and its permissions"])
  }

  /// A file could not be written.
  static func notWritten(_ failed: FileAccess.Failed) -> Finding {
    Finding(
      "LP0607", "\(failed.path) cannot be written: \(SystemError.text(failed.errno))", next: ["choose another --output"]
    )
  }
}
