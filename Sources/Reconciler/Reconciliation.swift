internal import FoundationEssentials
package import LiveProcess
internal import Manifest
internal import Patch

/// The commands' work, without a word of text: manifests and a machine in, reports out.
package struct Reconciliation: Sendable {
  package let machine: any Machine
  package let tool: String

  package init(machine: any Machine, tool: String) {
    self.machine = machine
    self.tool = tool
  }

  /// The head of a report made now.
  package var origin: Report.Origin {
    let bootId = FileAccess.text("/proc/sys/kernel/random/boot_id") ?? ""
    return Report.Origin(
      tool: tool, createdAt: Date().ISO8601Format(),
      bootId: String(bootId.filter { !$0.isWhitespace }))
  }

  /// The kill switch of this machine; nil when applying is allowed.
  package var killSwitch: KillSwitch? {
    let file: String?
    do throws(FileAccess.Failed) {
      file = String(decoding: try FileAccess.read(KillSwitch.path), as: UTF8.self)
    } catch {
      // Only a file that is not there leaves the switch off.
      file = error.errno == 2 ? nil : "\(KillSwitch.path) cannot be read: \(SystemError.text(error.errno))"
    }
    return KillSwitch.decide(kernelCommandLine: FileAccess.text("/proc/cmdline") ?? "", file: file)
  }

  /// A report that holds nothing but what was wrong.
  package func error(_ kind: Report.Kind, _ finding: Finding, status: ExitStatus = .error) -> Report {
    var report = Report(kind, origin: origin)
    report.error = finding
    report.exitStatus = status.rawValue
    report.complete = false
    return report
  }

  /// The report of manifests that are wrong, or of `validate`.
  package func validation(_ declaration: Declaration, kind: Report.Kind = .validation) -> Report {
    var report = Report(kind, origin: origin)
    report.diagnostics = declaration.diagnostics.map(DiagnosticReport.init)
    report.inputs = declaration.inputs
    report.summary = ["errors": declaration.errors, "files": declaration.files]
    report.complete = !declaration.hasErrors
    report.exitStatus = (declaration.hasErrors ? ExitStatus.error : .success).rawValue
    return report
  }

  /// Looks and compares, without stopping or changing any process.
  package func look(
    _ declaration: Declaration, kind: Report.Kind, processes: Set<ProcessID>? = nil, prune: Bool = false
  ) -> (plan: Plan, report: Report) {
    let observed = machine.observe(Question(about: declaration.desired, processes: processes))
    let plan = plan(desired: declaration.desired, observed: observed, prune: prune)
    var report = Report.of(plan, desired: declaration.desired, kind: kind, origin: origin)
    report.failed(observed.failure)
    report.inputs = declaration.inputs
    report.diagnostics = declaration.diagnostics.map(DiagnosticReport.init)
    if kind == .plan {
      report.paths = declaration.paths
      report.folder = FileAccess.workingFolder
      report.prune = prune
    }
    report.name(declaration.paths)
    report.killSwitch = killSwitch?.finding
    if report.killSwitch != nil, kind == .plan { report.applyable = false }
    return (plan, report)
  }

  /// Converges; where a plan was saved, the processes that it names and no other.
  package func apply(
    _ declaration: Declaration, first: Plan?, saved: Report?, options: Executor.Options, interruption: Interruption,
    watch: @escaping @Sendable (Executor.Event) -> Void
  ) -> Report {
    let desired = declaration.desired
    let execution = Executor(machine: machine, options: options, interruption: interruption, watch: watch)
      .run(Question(about: desired), contents: desired.contents, first: first, repeats: saved == nil) {
        let plan = plan(desired: desired, observed: $0, prune: options.prunes)
        return saved.map { SavedPlan.restrict(plan, to: $0) } ?? plan
      }
    log(execution, command: "apply")
    var report = Report.of(execution, desired: desired, kind: .apply, origin: origin)
    report.inputs = declaration.inputs
    return report
  }

  /// What a revert would do.
  package func lookAtRevert(_ selection: RevertSelection) -> (plan: Plan, report: Report) {
    let observed = machine.observe(Self.carriers(selection))
    let plan = selection.plan(observed: observed)
    var report = Report.of(plan, desired: DesiredState(sets: []), kind: .plan, origin: origin)
    report.failed(observed.failure)
    return (plan, report)
  }

  /// Takes patches away; needs no manifest.
  package func revert(
    _ selection: RevertSelection, first: Plan?, options: Executor.Options, interruption: Interruption,
    watch: @escaping @Sendable (Executor.Event) -> Void
  ) -> Report {
    let execution = Executor(machine: machine, options: options, interruption: interruption, watch: watch)
      .run(Self.carriers(selection), contents: [:], first: first) { selection.plan(observed: $0) }
    log(execution, command: "revert")
    return Report.of(execution, desired: DesiredState(sets: []), kind: .revert, origin: origin)
  }

  /// Every process that carries a patch, whatever it maps.
  private static func carriers(_ selection: RevertSelection) -> Question {
    Question(binaries: [], builds: [], processes: selection.processes)
  }

  private func log(_ execution: Execution, command: String) {
    let users = UserTable(passwd: FileAccess.text("/etc/passwd") ?? "")
    // The user who logged in, however often the identity was changed since (sudo, su); 4294967295 where nobody did.
    let login = FileAccess.text("/proc/self/loginuid").flatMap { UInt32($0.filter(\.isNumber)) }
    let who = users.name(of: login.flatMap { $0 == .max ? nil : $0 } ?? SystemLog.effectiveUser)
    SystemLog.send(execution.outcomes.compactMap { SystemLog.line(for: $0, who: who, command: command) })
  }
}

extension Report {
  /// Makes the next step of what is only to be applied a command that can be typed as it stands.
  fileprivate mutating func name(_ paths: [String]) {
    let plain = "lpreconcile apply"
    let whole = ([plain] + paths.map(\.shellQuoted)).joined(separator: " ")
    for index in processes.indices {
      guard var reason = processes[index].reason, reason.code == "LP0306" else { continue }
      reason.next = reason.next.map { $0 == plain ? whole : $0 }
      processes[index].reason = reason
    }
  }

  /// Takes in that nothing could be looked at: then the report says nothing about any process.
  fileprivate mutating func failed(_ failure: Finding?) {
    guard let failure else { return }
    error = failure
    complete = false
    applyable = applyable.map { _ in false }
    exitStatus = ExitStatus.error.rawValue
  }

  /// The report as one JSON document with sorted keys.
  ///
  /// - Parameter isPretty: over several lines.
  /// - Returns: text that ends in a line break.
  package func json(isPretty: Bool = true) -> String { JSONOutput.text(self, isPretty: isPretty) }

  /// Reads a report back; nil for what is none of this version.
  package static func read(_ bytes: [UInt8]) -> Report? {
    // What is wrong with a file that is no plan is of no use to its reader: it is not one.
    guard let report = try? JSONDecoder().decode(Report.self, from: Data(bytes)) else { return nil }
    return report.formatVersion.hasPrefix("1.") && report.apiVersion == "lpreconcile/v1" ? report : nil
  }
}

extension Report {
  /// A time in seconds after the epoch, in UTC: `2026-11-23 19:10Z`.
  package static func time(_ seconds: Int64) -> String {
    // Without the seconds behind the 16th character.
    Date(timeIntervalSince1970: Double(seconds)).ISO8601Format().prefix(16).map { $0 == "T" ? " " : String($0) }
      .joined()
      + "Z"
  }
}

/// Values as JSON.
package enum JSONOutput {
  /// One document with sorted keys, ending in a line break.
  package static func text(_ value: some Encodable, isPretty: Bool = true) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    // Reports hold strings, whole numbers and finite seconds: what JSON can always say.
    guard let data = try? encoder.encode(value) else { return "{}\n" }
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
