internal import ArgumentParser
internal import Reconciler

struct Schema: ExampledCommand {
  static let examples = ["lpreconcile schema > patchset-v1.schema.json"]
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the JSON Schema of manifests, for editors and CI.")

  func run() { Output.out(SchemaText.manifest) }
}
