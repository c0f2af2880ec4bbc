package import Reconciler

/// A report as text for people: made of the report's values only, in one order, so that two runs give the same bytes.
package struct TextReport {
  package let report: Report
  package let style: Style
  package let isVerbose: Bool

  package init(report: Report, style: Style, isVerbose: Bool) {
    self.report = report
    self.style = style
    self.isVerbose = isVerbose
  }

  /// How many processes of a group are named without `-v`.
  static let named = 3
  /// How many groups of one kind are shown without `-v`.
  static let groups = 8
  /// How many reasons of one process are shown without `-v`.
  static let reasons = 8

  /// Processes of which everything that a reader wants to know is the same.
  struct Group {
    var first: ProcessReport
    var all: [ProcessReport]
  }

  // MARK: - Commands

  /// `plan`.
  ///
  /// - Parameters:
  ///   - arguments: what `plan` was given, so that the command to type next means the same.
  ///   - file: where the plan was saved.
  ///   - isAsking: whether a question follows, which is the next step then.
  /// - Returns: lines for people.
  package func plan(arguments: [String] = [], savedTo file: String? = nil, isAsking: Bool = false) -> String {
    var text = killSwitch
    for section in sections {
      let count = section.processes.count
      let head = [section.title, section.binary].filter { !$0.isEmpty }.joined(separator: "   ")
      text += style.bold(head) + "   \(count == 0 ? "no process" : Self.counted(count))\n"
      for (build, processes) in byBuild(section.processes) {
        if let build { text += "  build \(build.id.prefix(8))  \(build.place)\n" }
        for group in shown(groups(processes), &text) {
          let isPending = group.first.state == .outdated && !group.first.changes.isEmpty
          let state = isPending ? "" : "   " + style.word(word(group.first), width: 0)
          text += "    \(names(group))\(state)\n"
          text += changes(group.first, indent: "      ")
          if !isPending { text += reasons(group.first, indent: "      ") }
        }
      }
    }
    let summary = report.summary
    text += "Plan: \(summary["toChange"] ?? 0) to change, "
    text += counts(ProcessState.allCases.filter { $0 != .outdated }.map { ($0.rawValue, $0.word) }, always: "converged")
    text += ". Nothing was touched.\n"
    guard !isAsking, (summary["toChange"] ?? 0) > 0, report.applyable != false else { return text }
    let saved = (file ?? "r.plan").shellQuoted
    // Not joined by &&: the exit status of a plan with changes is 2.
    let make = file == nil ? "lpreconcile plan \((arguments + ["-o", saved]).joined(separator: " ")); " : ""
    return text + "Apply exactly this:  \(make)lpreconcile apply --plan \(saved)\n"
  }

  /// `status` and `verify`.
  package func status() -> String {
    var text = killSwitch
    for section in sections {
      text += section.isManaged ? headline(section) : style.bold(section.title) + "\n"
      for group in shown(groups(section.processes), &text) { text += state(group) }
    }
    let total = report.summary["processes"] ?? 0
    let hasManifests = report.coverage?.isEmpty == false
    guard total > 0 else {
      return text + (hasManifests ? "No process maps what the manifests mean.\n" : "No process carries a patch.\n")
    }
    text += hasManifests ? (isKnown ? "\(coverage): " : "") : "No manifest says what should be: "
    let words = ProcessState.allCases.map { ($0.rawValue, $0.word) }
    return text + (hasManifests ? counts(words, always: "converged") : counts(words)) + ".\n"
  }

  /// The first line about one manifest: how many of its processes carry what it asks for.
  private func headline(_ section: Section) -> String {
    let covered = section.processes.count { $0.state == .converged }
    // What could not be read may map it too: then nobody can say that all is well.
    let hidden = report.processes.count { $0.state == .unreadable }
    let notKnown = style.bad("NOT KNOWN: \(Self.counted(hidden)) could not be read")
    guard !section.processes.isEmpty else {
      return style.bold("\(section.title)   no process maps \(section.binary)")
        + (hidden > 0 ? "   \(notKnown)\n" : "\n")
    }
    let isWhole = covered == section.processes.count
    // A build that is listed nowhere is somebody's decision to make, not something that `apply` has left undone.
    let isOnlyUncovered = section.processes.allSatisfy { $0.state == .converged || $0.state == .notCovered }
    let verdict =
      !isWhole && isOnlyUncovered
      ? style.warn("NOT ALL COVERED")
      : !isWhole ? style.bad("NOT CONVERGED") : hidden > 0 ? notKnown : style.good("CONVERGED")
    return style.bold("\(section.title)   \(covered) of \(section.processes.count) protected") + "   \(verdict)\n"
  }

  /// The end of `apply` and `revert`.
  package func execution() -> String {
    var text = ""
    let order: [ProcessResult] = [.failed, .refused, .busy, .notCovered, .unmanaged, .unreadable]
    let lines = report.processes.filter(isWorthALine)
    for result in [nil] + order.map(Optional.some) {
      let mine = lines.filter { result == nil ? $0.result.map(order.contains) != true : $0.result == result }
      for group in shown(groups(mine), &text) {
        text += "      \(names(group))  \(style.word(word(group.first), width: 0))\n"
        text += reasons(group.first, indent: "        ", details: blocking(group.first, indent: "        "))
      }
    }
    let isApply = report.kind == .apply
    let first: [ProcessResult] = [.changed, .converged]
    let words = first + ProcessResult.allCases.filter { !first.contains($0) && $0 != .failed } + [.failed]
    text += "Result: "
    text +=
      isApply
      ? counts(words.map { ($0.rawValue, $0.word) }, always: "changed", "converged", "failed")
      : counts(words.map { ($0.rawValue, $0.word) }, always: "changed", "failed")
    text += isApply && isKnown ? ". Protected now: \(coverage).\n" + undo : ".\n"
    if report.kind == .revert, report.processes.allSatisfy({ $0.result == .unreadable }) {
      text += "Nothing to take away: no process that could be read carries such a patch.\n"
    }
    if report.exitStatus == ExitStatus.interrupted.rawValue {
      text += "Interrupted: what is counted as changed was changed, everything else is as it was.\n"
    }
    return text
  }

  /// The command that takes back what an apply did, and nothing that was there before.
  private var undo: String {
    let changed = report.processes.filter { process in
      process.result == .changed && process.changes.contains { $0.after != "absent" }
    }
    let patches = Set(changed.flatMap { $0.changes.filter { $0.after != "absent" }.map(\.patch) })
    guard !patches.isEmpty else { return "" }
    var words = patches.sorted().map { $0.hasPrefix("-") ? "--patch=\($0)" : "--patch \($0)" }
    // Where others carried them before, only the processes that were changed are meant.
    let others = report.processes.contains { process in
      process.result != .changed && process.patches.contains { patches.contains($0.patch) }
    }
    if others { words += changed.map { "--pid \($0.pid)" } }
    return "Undo: lpreconcile revert \(words.joined(separator: " "))\n"
      + "      (the manifest still asks for them: `git revert` it to keep them out)\n"
  }

  private func count(_ words: String...) -> Int { words.reduce(0) { $0 + (report.summary[$1] ?? 0) } }
  /// How many are known to be meant.
  private var meant: Int { count("processes") - count("gone", "unmanaged", "unreadable") }
  /// Whether anything can be said about coverage.
  private var isKnown: Bool { meant > 0 || count("unreadable") == 0 }

  /// How many are protected of those that a manifest means, and how many may be meant.
  private var coverage: String {
    let hidden = count("unreadable")
    return "\(count("protected")) of \(meant)"
      + (report.kind == .apply ? "" : " protected") + (hidden > 0 ? ", \(hidden) could not be read" : "")
  }
}
