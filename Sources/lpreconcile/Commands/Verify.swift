internal import ArgumentParser
internal import Reconciler

struct Verify: ExampledCommand {
  static let examples = ["lpreconcile verify", "lpreconcile verify redis.yaml"]
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads every branch, value and patch byte in memory back, and names what is not as it was written.")

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup var output: OutputOptions

  @Option(help: "Only this process; may be given several times.")
  var pid: [Int32] = []

  func run() throws {
    let declaration = try manifests.declaration(output, kind: .verify, mayBeNone: true)
    let (_, report) = Commands.reconciliation(output).look(
      declaration, kind: .verify, processes: Question.processes(pid))
    try output.finish(report) { $0.status() }
  }
}
