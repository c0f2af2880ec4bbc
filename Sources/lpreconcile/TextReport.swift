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
  private static let named = 3
  /// How many groups of one kind are shown without `-v`.
  private static let groups = 8

  /// Processes of which everything that a reader wants to know is the same.
  private struct Group {
    var first: ProcessReport
    var all: [ProcessReport]
  }

  // MARK: - Commands

  /// `plan`: the changes, and what to type to make them.
  ///
  /// `options`: what the command was given beside the paths. `saved`: the file that the plan was written to.
  package func plan(paths: [String], options: [String] = [], saved: String? = nil) -> String {
    guard (report.summary["toChange"] ?? 0) > 0 else { return changes() }
    // A semicolon: with something to change, `plan` does not end with 0.
    let given = (paths.map(\.shellQuoted) + options).map { " " + $0 }.joined()
    let making = saved == nil ? "lpreconcile plan\(given) -o r.plan; " : ""
    return changes() + "Apply exactly this:  \(making)lpreconcile apply --plan \((saved ?? "r.plan").shellQuoted)\n"
  }

  /// What would be changed, as `plan` shows it and as `apply` and `revert` ask about it.
  package func changes() -> String {
    var text = killSwitch
    for section in sections {
      let count = section.processes.count
      text += style.bold("\(section.title)   \(section.binary)") + "   \(count) process\(count == 1 ? "" : "es")\n"
      for (build, processes) in byBuild(section.processes) {
        if let build { text += "  build \(build.id.prefix(8))  \(build.place)\n" }
        for group in shown(groups(processes), &text) {
          text += "    \(names(group))\n"
          text += changes(group.first, indent: "      ")
          if group.first.state != .outdated || group.first.changes.isEmpty {
            text += reasons(group.first, indent: "      ")
          }
        }
      }
    }
    let summary = report.summary
    text += "Plan: \(summary["toChange"] ?? 0) to change, "
    text += counts(ProcessState.allCases.filter { $0 != .outdated }.map { ($0.rawValue, $0.word) }, always: "converged")
    text += ". Nothing was touched.\n"
    return text
  }

  /// `status` and `verify`.
  package func status() -> String {
    var text = killSwitch
    for section in sections {
      let isWhole = section.processes.allSatisfy { $0.state == .converged }
      if section.isManaged {
        let covered = section.processes.count { $0.state == .converged }
        // What could not be read may map it too: then nobody can say that all is well.
        let isKnown = !report.processes.contains { $0.state == .unreadable }
        let whole = isKnown ? style.good("CONVERGED") : style.bad("NOT KNOWN: some processes could not be read")
        let verdict = isWhole ? whole : style.bad("NOT CONVERGED")
        text += style.bold("\(section.title)   \(covered) of \(section.processes.count) protected") + "   \(verdict)\n"
      } else {
        text += style.bold(section.title) + "\n"
      }
      for group in shown(groups(section.processes), &text) { text += state(group) }
    }
    let total = report.summary["processes"] ?? 0
    if total == 0 {
      text +=
        report.coverage?.isEmpty == false
        ? "No process maps what the manifests mean.\n" : "No process carries a patch.\n"
    } else {
      let meant = total - (report.summary[ProcessState.unmanaged.rawValue] ?? 0)
      if meant > 0 { text += "\(report.summary["protected"] ?? 0) of \(meant) protected: " }
      text += counts(ProcessState.allCases.map { ($0.rawValue, $0.word) }, always: "converged") + ".\n"
    }
    return text
  }

  /// The end of `apply` and `revert`.
  package func execution() -> String {
    var text = ""
    for group in shown(groups(report.processes.filter(isWorthALine)), &text) {
      text += "      \(names(group))  \(style.word(word(group.first), width: 11))\n"
      text += blocking(group.first, indent: "        ") + reasons(group.first, indent: "        ")
    }
    text += "Result: "
    text += counts(ProcessResult.allCases.map { ($0.rawValue, $0.word) }, always: "changed", "converged", "failed")
    let outside = [ProcessResult.gone, .unmanaged].map { report.summary[$0.rawValue] ?? 0 }.reduce(0, +)
    let meant = (report.summary["processes"] ?? 0) - outside
    if report.kind == .apply {
      text += ". Protected now: \(report.summary["protected"] ?? 0) of \(meant).\n"
      let patches = report.processes.flatMap { process in
        process.result == .changed ? process.changes.filter { $0.after != "absent" }.map(\.patch) : []
      }
      let names = Set(patches).sorted()
      if !names.isEmpty {
        text += "Undo: lpreconcile revert " + names.map { "--patch \($0)" }.joined(separator: " ") + "\n"
        text += "      (the manifest still asks for them: `git revert` it to keep them out)\n"
      }
    } else {
      text += ".\n"
    }
    if report.exitStatus == ExitStatus.interrupted.rawValue {
      text += "Interrupted: what is counted as changed was changed, everything else is as it was.\n"
    }
    return text
  }

  // MARK: - Parts

  private struct Section {
    var title: String
    var binary: String
    var isManaged: Bool
    var processes: [ProcessReport]
  }

  /// By manifest document; then what no manifest speaks of.
  private var sections: [Section] {
    var rest = report.processes
    var sections: [Section] = []
    for coverage in report.coverage ?? [] {
      let mine = rest.filter { process in process.binaries.first { $0.set != nil }?.set == coverage.set }
      rest.removeAll { process in mine.contains { $0.pid == process.pid } }
      sections.append(
        Section(title: coverage.set.printable, binary: coverage.binary.printable, isManaged: true, processes: mine))
    }
    let unreadable = rest.filter { $0.state == .unreadable }
    rest.removeAll { $0.state == .unreadable }
    if !rest.isEmpty {
      sections.append(Section(title: "in no manifest", binary: "", isManaged: false, processes: rest))
    }
    if !unreadable.isEmpty {
      sections.append(Section(title: "could not be read", binary: "", isManaged: false, processes: unreadable))
    }
    return sections
  }

  private func byBuild(_ processes: [ProcessReport]) -> [((id: String, place: String)?, [ProcessReport])] {
    let builds = Dictionary(grouping: processes) { $0.binaries.first { $0.set != nil } ?? $0.binaries.first }
    return builds.sorted { ($0.key?.buildId ?? "", $0.key?.path ?? "") < ($1.key?.buildId ?? "", $1.key?.path ?? "") }
      .map { binary, processes in
        guard let binary else { return (nil, processes) }
        let place = binary.listedAt.map { "listed at \($0.file.printable):\($0.line)" } ?? "listed nowhere"
        return ((binary.buildId, place), processes)
      }
  }

  private func groups(_ processes: [ProcessReport]) -> [Group] {
    var groups: [Group] = []
    var index: [String: Int] = [:]
    for process in processes {
      let key = key(of: process)
      if let known = index[key] {
        groups[known].all.append(process)
      } else {
        index[key] = groups.count
        groups.append(Group(first: process, all: [process]))
      }
    }
    return groups
  }

  private func key(of process: ProcessReport) -> String {
    var parts = [word(process), process.buildId ?? "", process.state?.rawValue ?? ""]
    parts += process.changes.map { "\($0.patch) \($0.sha256) \($0.actions)" }
    parts += process.patches.map { "\($0.patch) \($0.sha256) \($0.state) \($0.drift?.count ?? 0)" }
    parts += ([process.reason].compactMap(\.self) + (process.furtherReasons ?? [])).map(\.code)
    parts += process.binaries.map { $0.buildIdOnDisk ?? "" }
    // What a thread stands in differs from process to process, and so do the bytes of a drift.
    if process.blocking != nil || process.state == .drifted { parts.append(String(process.pid)) }
    return parts.joined(separator: "|")
  }

  /// The groups to show, and a line about the others.
  private func shown(_ groups: [Group], _ text: inout String) -> [Group] {
    guard !isVerbose, groups.count > Self.groups else { return groups }
    let rest = groups.dropFirst(Self.groups).reduce(0) { $0 + $1.all.count }
    text += "  (\(rest) more processes in \(groups.count - Self.groups) further groups: -v shows all)\n"
    return Array(groups.prefix(Self.groups))
  }

  private func names(_ group: Group) -> String {
    let shown = isVerbose ? group.all : Array(group.all.prefix(Self.named))
    var text = shown.map(Self.label).joined(separator: " · ")
    if shown.count < group.all.count { text += " · and \(group.all.count - shown.count) more (-v shows all)" }
    return text
  }

  /// The number of a process and what it calls itself.
  static func label(_ process: ProcessReport) -> String {
    var words = process.command
    if let first = words.first {
      // Some programs write their title into argv[0], blanks included.
      let head = first.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      let base = head[0].split(separator: "/").last.map(String.init) ?? process.name
      words[0] = ([base] + head.dropFirst().map(String.init)).joined(separator: " ")
    } else {
      words = [process.name]
    }
    let title = words.joined(separator: " ").printable.split(separator: " ").joined(separator: " ")
    return "\(process.pid) \(title.count > 48 ? title.prefix(47) + "…" : title)"
  }

  private func word(_ process: ProcessReport) -> String { process.result?.word ?? process.state?.word ?? "" }

  private func changes(_ process: ProcessReport, indent: String) -> String {
    let width = process.changes.map(\.patch.count).max() ?? 0
    return process.changes.map { change in
      let sign =
        change.after == "absent" ? style.bad("-") : change.before == "absent" ? style.good("+") : style.warn("~")
      var line = "\(indent)\(sign) \(change.patch.printable.padded(to: width))   \(change.before) -> \(change.after)"
      if let functions = change.functions {
        let verb = change.after == "absent" ? "gives back" : "replaces"
        let shown = isVerbose ? functions[...] : functions.prefix(6)
        line += "   \(verb) " + shown.map(\.name.printable).joined(separator: ", ")
        if shown.count < functions.count { line += " and \(functions.count - shown.count) more" }
      }
      for value in change.values ?? [] { line += "   \(value.symbol.printable)\(value.change ?? "")" }
      if change.why != "the manifest asks for it" { line += "   (\(change.why))" }
      if let fixes = change.fixes { line += "   \(fixes.joined(separator: ", ").printable)" }
      return line + "\n"
    }.joined()
  }

  private func state(_ group: Group) -> String {
    let process = group.first
    var text = "  \(names(group))  \(style.word(word(process), width: 11))"
    if process.state == .outdated, !process.changes.isEmpty {
      text += "  " + process.changes.map(\.patch.printable).uniqued().joined(separator: ", ")
    } else {
      text +=
        "  "
        + process.patches.map { patch in
          var words = patch.patch.printable
          if let fixes = patch.fixes { words += " (\(fixes.joined(separator: ", ").printable))" }
          words += " \(patch.state)"
          if report.kind == .verify { words += ", \(patch.places) place\(patch.places == 1 ? "" : "s") read back" }
          return words + (patch.drift == nil ? ", verified" : ", NOT as written")
        }.joined(separator: " · ")
    }
    text = text.trimmingTrailingBlanks + "\n"
    if process.state != .converged { text += reasons(process, indent: "       ") }
    for build in process.binaries.compactMap(\.buildIdOnDisk).uniqued() {
      text +=
        "       disk has another build (\(build.prefix(8))): a restart ends the need for this patch, when convenient\n"
    }
    return text
  }

  private func reasons(_ process: ProcessReport, indent: String) -> String {
    ([process.reason].compactMap(\.self) + (process.furtherReasons ?? [])).map { reason in
      var text = "\(indent)\(reason.message.printable) [\(reason.code)]\n"
      for step in isVerbose ? reason.next[...] : reason.next.prefix(2) { text += "\(indent)next: \(step.printable)\n" }
      return text
    }.joined()
  }

  private func blocking(_ process: ProcessReport, indent: String) -> String {
    guard let blocking = process.blocking else { return "" }
    var text = "\(indent)unchanged"
    if let waited = process.waited { text += " after \(seconds(waited))" }
    if let stop = process.stop {
      text += " and \(stop.tries) tries"
      if let longest = stop.longestMicroseconds {
        text += "; longest stop \(Duration.microseconds(longest).milliseconds)"
      }
    }
    return text + "\n\(indent)thread \(blocking.thread) is in "
      + blocking.frames.map(\.printable).joined(separator: " < ") + "\n"
  }

  private func isWorthALine(_ process: ProcessReport) -> Bool {
    switch process.result {
    case .changed, .converged: process.reason != nil
    case .gone, nil: false
    case .busy, .refused, .failed, .notCovered, .unmanaged, .unreadable: true
    }
  }

  private func counts(_ words: [(key: String, word: String)], always: String...) -> String {
    words.compactMap { key, word in
      let count = report.summary[key] ?? 0
      return count > 0 || always.contains(key) ? "\(count) \(word)" : nil
    }.joined(separator: ", ")
  }

  private var killSwitch: String {
    guard let finding = report.killSwitch else { return "" }
    return style.bad("\(finding.message.printable) [\(finding.code)]") + "\n"
  }

  /// Seconds for people: `12 s`, `0.4 s`.
  private func seconds(_ value: Double) -> String {
    value >= 10 || value == value.rounded() ? "\(Int(value)) s" : "\((value * 10).rounded() / 10) s"
  }

  // MARK: - What stands alone

  /// An error and what can be done.
  static func finding(_ finding: Finding, style: Style) -> String {
    var text = style.bad("error:") + " \(finding.message.printable) [\(finding.code)]\n"
    for step in finding.next { text += "   next: \(step.printable)\n" }
    return text
  }

  /// The end of `validate`.
  static func validationSummary(_ report: Report) -> String {
    let errors = report.summary["errors"] ?? 0
    let files = report.summary["files"] ?? 0
    let inFiles = "in \(files) file\(files == 1 ? "" : "s")"
    let verdict = errors == 0 ? "No error" : "\(errors) error\(errors == 1 ? "" : "s")"
    return "\(verdict) \(inFiles); no process was looked at.\n"
  }
}

extension String {
  /// The text in the form that a shell reads as one word.
  var shellQuoted: String {
    let isPlain = !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+:@%".contains($0)) }
    return isPlain
      ? self : "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// The text without blanks at its end.
  var trimmingTrailingBlanks: String {
    var copy = self
    while copy.last == " " { copy.removeLast() }
    return copy
  }
}
