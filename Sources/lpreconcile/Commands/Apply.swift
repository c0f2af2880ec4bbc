internal import ArgumentParser
internal import Glibc
internal import Reconciler

struct Apply: ExampledCommand {
  static let examples = [
    "lpreconcile apply --yes redis.yaml", "lpreconcile apply --yes --limit 1 --stop-on-failure redis.yaml",
    "lpreconcile plan redis.yaml -o r.plan; lpreconcile apply --plan r.plan",
  ]
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Makes every process as declared: loads, switches, reverts and unloads patches.")

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup var output: OutputOptions

  @Option(help: "Does exactly what `plan --output` saved, or refuses.")
  var plan: String?

  @Option(help: "Only this process; may be given several times.")
  var pid: [Int32] = []

  @Option(help: "Changes at most so many processes: a canary.")
  var limit: Int?

  @Flag(help: "Begins no further process after one that could not be changed.")
  var stopOnFailure = false

  @Flag(help: "Removes patches for builds that no manifest lists, too.")
  var prune = false

  @Flag(name: .shortAndLong, help: "Does not ask; without a terminal it never asks.")
  var yes = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    guard plan != nil else { return }
    if !manifests.paths.isEmpty { throw ValidationError("a saved plan names its manifests itself: give no path") }
    if !pid.isEmpty || limit != nil || prune {
      throw ValidationError("a saved plan is done exactly: no --pid, --limit or --prune with --plan")
    }
  }

  func run() throws {
    let interruption = output.watchSignals(.apply)
    let work = Commands.reconciliation(output)
    if let off = work.killSwitch { throw output.fail(.apply, off.finding) }
    var options = Executor.Options()
    options.processes = Question.processes(pid)
    options.limit = limit
    options.stopsOnFailure = stopOnFailure
    options.prunes = prune
    if let plan {
      try run(saved: plan, work, options, interruption)
    } else {
      let declaration = try manifests.declaration(output, kind: .apply)
      let (plan, report) = work.look(declaration, kind: .plan, processes: options.processes, prune: prune)
      if let error = report.error { throw output.fail(.apply, error) }
      try Confirmation.ask(report, output, yes: yes, kind: .apply) { $0.plan(isAsking: true) }
      try carryOut(work, declaration, first: plan, saved: nil, options, interruption)
    }
  }

  private func run(
    saved path: String, _ work: Reconciliation, _ options: Executor.Options, _ interruption: Interruption
  ) throws {
    let bytes: [UInt8]
    do throws(FileAccess.Failed) {
      bytes = try FileAccess.read(path)
    } catch {
      throw output.fail(.apply, .notRead(error))
    }
    guard let saved = Report.read(bytes), saved.kind == .plan, let paths = saved.paths else {
      throw output.fail(
        .apply, Finding("LP0604", "\(path) is no plan of this version", next: ["make one: lpreconcile plan -o FILE"]))
    }
    if let folder = saved.folder {
      do throws(FileAccess.Failed) {
        try FileAccess.enter(folder)
      } catch {
        throw output.fail(.apply, .notRead(error))
      }
    }
    var options = options
    options.prunes = saved.prune ?? false
    var manifests = ManifestArguments()
    manifests.paths = paths
    let declaration = try manifests.declaration(output, kind: .apply)
    let (current, _) = work.look(declaration, kind: .plan, prune: options.prunes)
    let differences = SavedPlan.differences(
      saved: saved, current: current, inputs: declaration.inputs, bootId: work.origin.bootId)
    if let first = differences.first {
      let others = differences.dropFirst().map { "also: \($0.message)" }
      throw output.fail(.apply, Finding(first.code, first.message, next: first.next + others))
    }
    let plan = SavedPlan.restrict(current, to: saved)
    try carryOut(work, declaration, first: plan, saved: saved, options, interruption)
  }

  private func carryOut(
    _ work: Reconciliation, _ declaration: Declaration, first: Plan, saved: Report?, _ options: Executor.Options,
    _ interruption: Interruption
  ) throws {
    interruption.begin()
    let width = ExecutionLine.width(of: first)
    let progress = Progress(output)
    let isQuiet = output.isJSON
    let report = work.apply(
      declaration, first: first, saved: saved, options: options, interruption: interruption
    ) { event in
      if !isQuiet { progress.show(ExecutionLine(event, width: width)) }
    }
    progress.end()
    try output.finish(report) { $0.execution() }
  }
}
