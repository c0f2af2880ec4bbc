internal import ArgumentParser
internal import Reconciler

struct Validate: ExampledCommand {
  static let examples = ["lpreconcile validate redis.yaml"]
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Checks manifests and the artifacts they name; touches no process and needs no root.")

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup var output: OutputOptions

  func run() throws {
    let declaration = try manifests.declaration(output, kind: .validation)
    try output.finish(Commands.reconciliation().validation(declaration)) { TextReport.validationSummary($0.report) }
  }
}
