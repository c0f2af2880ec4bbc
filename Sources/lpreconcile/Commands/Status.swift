internal import ArgumentParser
internal import Reconciler

struct Status: ExampledCommand {
  static let examples = ["lpreconcile status", "lpreconcile status redis.yaml --format json"]
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Says what every patched process carries, and whether it is as declared; reads memory only.")

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup var output: OutputOptions

  @Option(help: "Only this process; may be given several times.")
  var pid: [Int32] = []

  func run() throws {
    let declaration = try manifests.declaration(output, kind: .status, mayBeNone: true)
    let (_, report) = Commands.reconciliation(output).look(
      declaration, kind: .status, processes: Question.processes(pid))
    try output.finish(report) { $0.status() }
  }
}
