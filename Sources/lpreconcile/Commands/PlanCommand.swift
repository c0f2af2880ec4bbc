internal import ArgumentParser
internal import Reconciler

struct PlanCommand: ExampledCommand {
  static let examples = ["lpreconcile plan redis.yaml", "lpreconcile plan redis.yaml --output reviewed.plan"]
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Shows what apply would do, per process and per function; stops nothing.")

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup var output: OutputOptions

  @Option(name: [.customShort("o"), .customLong("output")], help: "Saves the plan for `apply --plan`.")
  var file: String?

  @Option(help: "Only this process; may be given several times.")
  var pid: [Int32] = []

  @Flag(help: "Patches for builds that no manifest lists go too.")
  var prune = false

  func run() throws {
    let declaration = try manifests.declaration(output, kind: .plan)
    let (_, report) = Commands.reconciliation(output)
      .look(declaration, kind: .plan, processes: Question.processes(pid), prune: prune)
    if let file {
      do throws(FileAccess.Failed) {
        try FileAccess.write(report.json(), to: file)
      } catch {
        throw output.fail(.plan, .notWritten(error))
      }
    }
    var arguments = manifests.paths.map(\.shellQuoted) + pid.map { "--pid \($0)" }
    if prune { arguments.append("--prune") }
    try output.finish(report) { $0.plan(arguments: arguments, savedTo: file) }
  }
}
