internal import ArgumentParser
internal import Glibc
internal import Reconciler

struct Inspect: ExampledCommand {
  static let examples = ["lpreconcile inspect redis-fix.lpatch"]
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what an artifact would change, or where a process has it; stops no process.")

  @Argument(help: "The artifact.", completion: .file(extensions: ["lpatch"]))
  var file: String
  @Option(help: "A process that carries it: where it has the artifact, and how gdb is told. It is not stopped.")
  var pid: Int32?
  @OptionGroup var output: OutputOptions

  func run() throws {
    switch ArtifactReport.read(file, in: pid) {
    case .failure(let error): throw output.fail(.error, error.finding)
    case .success(let artifact):
      Output.out(output.isJSON ? JSONOutput.text(artifact) : text(artifact, output.style(for: STDOUT_FILENO)))
    }
  }

  private func text(_ artifact: ArtifactReport, _ style: Style) -> String {
    var text = style.bold(artifact.name.printable)
    if !artifact.fixes.isEmpty { text += "  (\(artifact.fixes.joined(separator: ", ").printable))" }
    text += "\n"
    if let description = artifact.description { text += "  \(description.printable)\n" }
    text += "  sha256    \(artifact.sha256)\n"
    text +=
      "  for       build \(artifact.buildId), \(artifact.machine.printable), built from \(artifact.pathHint.printable)\n"
    if let soname = artifact.soname { text += "  library   \(soname.printable)\n" }
    text += "  compiler  \(artifact.compiler.printable)\n"
    if !artifact.flags.isEmpty { text += "  flags     \(artifact.flags.joined(separator: " ").printable)\n" }
    text += "  replaces  \(artifact.functions.count) function\(artifact.functions.count == 1 ? "" : "s")\n"
    for function in artifact.functions {
      text +=
        "    \(function.symbol.printable) at \(function.address), \(function.size) bytes, by \(function.replacement.printable)\n"
      let at = function.entryOffset == 0 ? "" : " (at +\(function.entryOffset))"
      text += "      overwrites \(function.originalBytes)\(at); switched by \(function.form)\n"
      if let far = function.farBytes, output.verbose { text += "      from farther than 2 GiB overwrites \(far)\n" }
      if let parts = function.parts { text += "      and lies apart in \(parts.joined(separator: ", "))\n" }
      if let reason = function.formReason { text += "      \(reason.printable)\n" }
      if output.verbose { text += "      sha256 of its original bytes \(function.sha256)\n" }
    }
    if !artifact.targetReferences.isEmpty {
      text += "  uses of the target: \(artifact.targetReferences.joined(separator: ", ").printable)\n"
    }
    if !artifact.imports.isEmpty {
      text += "  uses of libraries: \(artifact.imports.joined(separator: ", ").printable)\n"
    }
    if let loaded = artifact.loaded {
      text += "  in process \(loaded.pid), for gdb:\n    \(loaded.gdb.printable)\n"
    }
    return text
  }
}
