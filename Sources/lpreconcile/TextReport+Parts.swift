internal import Reconciler

// The parts that the texts of several commands have in common.
extension TextReport {
  struct Section {
    var title: String
    var binary: String
    var isManaged: Bool
    var processes: [ProcessReport]
  }

  /// By manifest document; then what no manifest speaks of.
  var sections: [Section] {
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
      sections.append(
        Section(
          title: report.coverage?.isEmpty == false ? "in no manifest" : "carrying patches", binary: "",
          isManaged: false, processes: rest))
    }
    if !unreadable.isEmpty {
      sections.append(Section(title: "could not be read", binary: "", isManaged: false, processes: unreadable))
    }
    return sections
  }

  func byBuild(_ processes: [ProcessReport]) -> [((id: String, place: String)?, [ProcessReport])] {
    let builds = Dictionary(grouping: processes) { $0.binaries.first { $0.set != nil } ?? $0.binaries.first }
    return builds.sorted { ($0.key?.buildId ?? "", $0.key?.path ?? "") < ($1.key?.buildId ?? "", $1.key?.path ?? "") }
      .map { binary, processes in
        guard let binary else { return (nil, processes) }
        let place = binary.listedAt.map { "listed at \($0.file.printable):\($0.line)" } ?? "listed nowhere"
        return ((binary.buildId, place), processes)
      }
  }

  func groups(_ processes: [ProcessReport]) -> [Group] {
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

  func key(of process: ProcessReport) -> String {
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
  func shown(_ groups: [Group], _ text: inout String) -> [Group] {
    guard !isVerbose, groups.count > Self.groups else { return groups }
    let rest = groups.dropFirst(Self.groups).reduce(0) { $0 + $1.all.count }
    let further = groups.count - Self.groups
    text +=
      "  (\(rest) more process\(rest == 1 ? "" : "es") in \(further) further group\(further == 1 ? "" : "s"): -v shows all)\n"
    return Array(groups.prefix(Self.groups))
  }

  func names(_ group: Group) -> String {
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

  func word(_ process: ProcessReport) -> String { process.result?.word ?? process.state?.word ?? "" }

  func changes(_ process: ProcessReport, indent: String) -> String {
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
      if change.why != PlannedChange.Why.declared.text, change.why != PlannedChange.Why.reverted.text {
        line += "   (\(change.why))"
      }
      if let fixes = change.fixes { line += "   \(fixes.joined(separator: ", ").printable)" }
      return line + "\n"
    }.joined()
  }

  func state(_ group: Group) -> String {
    let process = group.first
    let isAlone = process.patches.isEmpty && process.state != .outdated
    var text = "  \(names(group))  \(style.word(word(process), width: isAlone ? 0 : 11))"
    if process.state == .outdated, !process.changes.isEmpty {
      text += "  " + process.changes.map(\.patch.printable).uniqued().joined(separator: ", ")
    } else {
      text +=
        "  "
        + process.patches.map { patch in
          var words = patch.patch.printable
          if let fixes = patch.fixes { words += " (\(fixes.joined(separator: ", ").printable))" }
          words += " \(patch.state)"
          if patch.state == "active", let since = patch.activatedAt { words += " since \(Report.time(since))" }
          if report.kind == .verify { words += ", \(patch.places) place\(patch.places == 1 ? "" : "s") read back" }
          return words + (patch.drift == nil ? ", verified" : ", NOT as written")
        }.joined(separator: " · ")
    }
    text = text.trimmingTrailingBlanks + "\n"
    if process.state != .converged { text += reasons(process, indent: "       ") }
    for build in process.binaries.compactMap(\.buildIdOnDisk).uniqued() {
      text +=
        "       disk has another build (\(build.prefix(8))): a restart ends the need for a patch here, when convenient\n"
    }
    return text
  }

  /// Why, with what can be done; the details stand behind the first reason.
  func reasons(_ process: ProcessReport, indent: String, details: String = "") -> String {
    let all = [process.reason].compactMap(\.self) + (process.furtherReasons ?? [])
    let shown = isVerbose ? all[...] : all.prefix(Self.reasons)
    var text = ""
    for (index, reason) in shown.enumerated() {
      text += "\(indent)\(reason.message.printable) [\(reason.code)]\n"
      if index == 0 { text += details }
      // Once for all reasons in a row that have the same next steps.
      if index + 1 < shown.count, shown[index + 1].next == reason.next { continue }
      for step in isVerbose ? reason.next[...] : reason.next.prefix(2) { text += "\(indent)next: \(step.printable)\n" }
    }
    if shown.count < all.count { text += "\(indent)and \(all.count - shown.count) more reasons (-v shows all)\n" }
    return text
  }

  /// Where the thread is that keeps the function in use, and what the tool did about it.
  func blocking(_ process: ProcessReport, indent: String) -> String {
    guard let blocking = process.blocking else { return "" }
    return "\(indent)backtrace: " + blocking.frames.map(\.printable).joined(separator: " < ") + "\n"
      + "\(indent)\(Self.patience(process))\n"
  }

  /// How long and how often it was tried.
  static func patience(_ process: ProcessReport) -> String {
    var text = "unchanged"
    if let waited = process.waited { text += " after \(seconds(waited))" }
    guard let stop = process.stop else { return text }
    text += process.waited == nil ? " after " : " and "
    text += stop.tries == 1 ? "1 try" : "\(stop.tries) tries"
    if let longest = stop.longestMicroseconds {
      text += "; longest stop \(Duration.microseconds(longest).milliseconds)"
    }
    return text
  }

  /// A number of processes.
  static func counted(_ count: Int) -> String { "\(count) process\(count == 1 ? "" : "es")" }

  func isWorthALine(_ process: ProcessReport) -> Bool {
    switch process.result {
    case .changed, .converged: process.reason != nil
    case .gone, nil: false
    case .busy, .refused, .failed, .notCovered, .unmanaged, .unreadable: true
    }
  }

  func counts(_ words: [(key: String, word: String)], always: String...) -> String {
    words.compactMap { key, word in
      let count = report.summary[key] ?? 0
      return count > 0 || always.contains(key) ? "\(count) \(word)" : nil
    }.joined(separator: ", ")
  }

  /// Why applying is switched off, where it is.
  var killSwitch: String {
    guard let finding = report.killSwitch else { return "" }
    return style.bad("\(finding.message.printable) [\(finding.code)]") + "\n"
  }

  /// Seconds for people: `12 s`, `0.4 s`.
  static func seconds(_ value: Double) -> String {
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
  /// The text without blanks at its end.
  var trimmingTrailingBlanks: String {
    var copy = self
    while copy.last == " " { copy.removeLast() }
    return copy
  }
}
