internal import ArgumentParser
internal import Glibc
internal import Reconciler

struct Revert: ExampledCommand {
  static let examples = ["lpreconcile revert --yes --patch cve-2025-32023", "lpreconcile revert --pid 1201"]
  static let configuration = CommandConfiguration(
    commandName: "revert",
    abstract: "The emergency exit: takes patches away and gives the original code back; needs no manifest.")

  @OptionGroup var output: OutputOptions

  @Option(help: "From this process; may be given several times.")
  var pid: [Int32] = []

  @Option(help: "From processes that map this file; may be given several times.")
  var binary: [String] = []

  @Option(help: "This patch, by name or by the beginning of its SHA-256; may be given several times.")
  var patch: [String] = []

  @Flag(help: "Every patch from every process.")
  var all = false

  @Flag(name: .shortAndLong, help: "Does not ask; without a terminal it never asks.")
  var yes = false

  func validate() throws {
    let isNarrowed = !(pid.isEmpty && binary.isEmpty && patch.isEmpty)
    if !isNarrowed && !all {
      throw ValidationError("say what to take away: --pid, --binary, --patch or --all [LP0619]")
    }
    if isNarrowed && all { throw ValidationError("--all stands alone: it narrows nothing") }
  }

  func run() throws {
    let interruption = output.watchSignals(.revert)
    let work = Commands.reconciliation(output)
    let selection = RevertSelection(
      processes: Question.processes(pid), binaries: binary.isEmpty ? nil : Set(binary),
      patches: patch.isEmpty ? nil : Set(patch))
    let (plan, report) = work.lookAtRevert(selection)
    if let error = report.error { throw output.fail(.revert, error) }
    try Confirmation.ask(report, output, yes: yes, kind: .revert) { $0.plan(isAsking: true) }
    interruption.begin()
    let width = ExecutionLine.width(of: plan)
    let progress = Progress(output)
    let isQuiet = output.isJSON
    let result = work.revert(selection, first: plan, options: Executor.Options(), interruption: interruption) { event in
      if !isQuiet { progress.show(ExecutionLine(event, width: width)) }
    }
    progress.end()
    try output.finish(result) { $0.execution() }
  }
}
