internal import ArgumentParser
internal import Glibc
internal import PatchBuilder
internal import Reconciler

struct Build: ExampledCommand, AsyncParsableCommand {
  static let examples = [
    "lpreconcile build --binary /usr/bin/redis-server --replacement fix.c --replace pingCommand --name ping -o ping.lpatch -- -O2"
  ]
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Makes an artifact from new source; touches no process and needs no root.")

  @Option(help: "The program or library that the patch is for.", completion: .file())
  var binary: String
  @Option(help: "A file with its symbols: the separate debug file, or an unstripped rebuild.", completion: .file())
  var symbols: String?
  @Option(help: "A C file with new functions; may be given several times.", completion: .file(extensions: ["c"]))
  var replacement: [String]
  @Option(help: "A function to replace; may be given several times.")
  var replace: [String]
  @Option(help: "Which of several things of one name the replacement means: name@0x1f40 or file.c:name.")
  var use: [String] = []
  @Option(help: "The patch's name.")
  var name: String
  @Option(help: "One line for people.")
  var description: String?
  @Option(help: "What it fixes, such as CVE-2025-32023; may be given several times.")
  var fixes: [String] = []
  @Option(name: [.customShort("o"), .customLong("output")], help: "The artifact to write.")
  var file: String
  @Option(help: "The C compiler.")
  var cc = "gcc"
  @OptionGroup var output: OutputOptions
  @Argument(parsing: .postTerminator, help: "Flags for the compiler, behind `--`.")
  var flags: [String] = []

  mutating func run() async throws {
    let request = BuildRequest(
      binary: binary, symbols: symbols, sources: replacement, functions: replace, choices: use, name: name,
      description: description, fixes: fixes, output: file, compiler: cc, flags: flags)
    let style = output.style(for: STDERR_FILENO)
    let result: Result<BuildReport, BuildRefused>
    do throws(BuildRefused) {
      result = .success(try await PatchBuild.run(request))
    } catch {
      result = .failure(error)
    }
    switch result {
    case .success(let report):
      for note in report.notes {
        let symbol = note.symbol.map { "\($0.printable) " } ?? ""
        Output.error("note: \(symbol)\(lines(note.message))\n")
      }
      if output.isJSON {
        Output.out(
          JSONOutput.text(BuildOutput(artifact: report.artifact, sha256: "\(report.sha256)", manifest: report.manifest))
        )
      } else {
        Output.out(
          "Built \(report.artifact), sha256 \(report.sha256).\nThe manifest to check in:\n\n\(report.manifest)")
      }
    case .failure(let refused):
      for refusal in refused.refusals {
        let place = refusal.place.map { "\($0.printable): " } ?? ""
        let symbol = refusal.symbol.map { "\($0.printable) " } ?? ""
        Output.error(
          "\(place)\(style.bad("refused:")) \(symbol)\(lines(refusal.message)) [\(refusal.code.rawValue)]\n")
        Output.error("   help: \(refusal.nextStep.printable); `lpreconcile explain \(refusal.code.rawValue)`\n")
      }
      let count = refused.refusals.count
      let summary = "Not built: \(count) refusal\(count == 1 ? "" : "s"). No file written."
      if output.isJSON, let first = refused.refusals.first {
        let finding = Finding(
          first.code.rawValue, "\(first.symbol.map { "\($0) " } ?? "")\(first.message)", next: [first.nextStep])
        Output.out(Commands.reconciliation().error(.error, finding).json())
      }
      Output.error(summary + "\n")
      throw ExitCode(ExitStatus.error.rawValue)
    }
  }
}

extension Build {
  /// Text of several lines, as compilers write it, without what would change the terminal.
  private func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
  }
}

/// What `build --format json` prints.
struct BuildOutput: Encodable {
  let apiVersion = "lpreconcile/v1"
  let kind = "Build"
  let formatVersion = Report.currentFormatVersion
  let artifact: String
  let sha256: String
  let manifest: String
}
