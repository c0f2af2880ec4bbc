internal import ArgumentParser
internal import Reconciler

struct Config: ExampledCommand {
  static let examples = ["lpreconcile config"]
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Shows which manifests are in force, what they hide, and what this machine allows."
  )

  @OptionGroup var output: OutputOptions

  func run() throws {
    let config = ConfigReport.read(tool: Version.text)
    if output.isJSON {
      Output.out(JSONOutput.text(config))
      return
    }
    var text = "Manifests, the first folder wins:\n"
    for folder in config.folders { text += "  \(folder.path)\(folder.exists ? "" : "  (not there)")\n" }
    if config.files.isEmpty { text += "No manifest is in force.\n" } else { text += "By name:\n" }
    for file in config.files {
      text += "  \(file.name.printable)  \(file.isMasked ? "masked by" : "from") \(file.path.printable)\n"
      for hidden in file.hides { text += "      hides \(hidden.printable)\n" }
    }
    text += "This machine:\n"
    let width = config.machine.map(\.name.count).max() ?? 0
    let valueWidth = config.machine.map(\.value.printable.count).max() ?? 0
    for fact in config.machine {
      let line = "  \(fact.name.padded(to: width))  \(fact.value.printable.padded(to: valueWidth))  \(fact.meaning)"
      text += line.trimmingTrailingBlanks + "\n"
    }
    Output.out(text)
  }
}
