internal import ArgumentParser
internal import Glibc
internal import Patch
internal import PatchBuilder
internal import Reconciler

struct Build: ExampledCommand, AsyncParsableCommand {
  static let examples = [
    "lpreconcile build --binary /usr/bin/redis-server --replacement fix.c --replace pingCommand --name ping -o ping.lpatch -- -O2",
    "lpreconcile build --debian redis --binary /usr/bin/redis-server --diff fix.patch --name fix -o fix.lpatch",
    "lpreconcile build --binary ./server --source . --build 'make -j2' --diff fix.patch --name fix -o fix.lpatch",
  ]
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract:
      "Makes an artifact from replacement functions or from a change of a project's source; touches no process and needs no root."
  )

  @Option(help: "The program or library that the patch is for.", completion: .file())
  var binary: String
  @Option(help: "A file with its symbols: the separate debug file, or an unstripped rebuild.", completion: .file())
  var symbols: String?
  @Option(
    help:
      "The source package of Debian that the binary was built from: NAME, or NAME=VERSION where the binary is not installed."
  )
  var debian: String?
  @Option(
    help: "The source package's .dsc file, where the archive has the version no more.",
    completion: .file(extensions: ["dsc"]))
  var dsc: String?
  @Option(help: "The source that the binary was built from: a folder, which is only read.", completion: .directory)
  var source: String?
  @Option(name: .customLong("build"), help: "The command that builds it, such as 'make -j2'.")
  var command: String?
  @Option(help: "The change of the source: a unified diff.", completion: .file())
  var diff: String?
  @Option(help: "The change of the source: the new version's folder.", completion: .directory)
  var newSource: String?
  @Option(
    help:
      "The folder of sources as they were built, for the next change; '' for none (default: lpreconcile in the user's cache, for root in /var/cache).",
    completion: .directory)
  var cache: String?
  @Option(
    help:
      "What the author answers for where it cannot be told: memory-ownership (`lpreconcile explain LP0443`); may be given several times."
  )
  var accept: [ProjectBuildRequest.Acceptance] = []
  @Option(help: "A C file with new functions; may be given several times.", completion: .file(extensions: ["c"]))
  var replacement: [String] = []
  @Option(help: "A function to replace; may be given several times.")
  var replace: [String] = []
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

  /// The change of a project's source that is asked for; nil when it is replacement files.
  private func change() throws(ValidationError) -> (
    origin: ProjectBuildRequest.Origin, change: ProjectBuildRequest.Change
  )? {
    guard source != nil || command != nil || diff != nil || newSource != nil || debian != nil || dsc != nil else {
      guard !replacement.isEmpty, !replace.isEmpty else {
        throw ValidationError(
          "Give --replacement and --replace, or --debian and --diff, or --source, --build and --diff.")
      }
      return nil
    }
    guard replacement.isEmpty, replace.isEmpty, use.isEmpty, symbols == nil, flags.isEmpty else {
      throw ValidationError("--diff takes the functions, their symbols and the flags from the project itself.")
    }
    let change: ProjectBuildRequest.Change
    switch (diff, newSource) {
    case (let diff?, nil): change = .diff(diff)
    case (nil, let new?): change = .newSource(new)
    default: throw ValidationError("Give the change by --diff or by --new-source.")
    }
    switch (debian, source, command) {
    case (let package?, nil, nil):
      let parts = package.split(separator: "=", maxSplits: 1).map { String($0) }
      guard let name = parts.first else { throw ValidationError("--debian needs the name of a source package.") }
      let version = parts.count > 1 ? parts[1] : nil
      return (.debian(ProjectBuildRequest.Debian(name: name, version: version, file: dsc)), change)
    case (nil, let source?, let command?) where dsc == nil: return (.project(source: source, command: command), change)
    default: throw ValidationError("Say where the source is by --debian, or by --source and --build.")
    }
  }

  func validate() throws { _ = try change() }

  private func build() async throws -> Result<BuildReport, BuildRefused> {
    let change = try change()
    do throws(BuildRefused) {
      guard let change else {
        let request = BuildRequest(
          binary: binary, symbols: symbols, sources: replacement, functions: replace, choices: use, name: name,
          description: description, fixes: fixes, output: file, compiler: cc, flags: flags)
        return .success(try await PatchBuild.run(request))
      }
      let artifact = ArtifactRequest(binary: binary, name: name, description: description, fixes: fixes, output: file)
      let request = ProjectBuildRequest(
        artifact: artifact, origin: change.origin, change: change.change, knowsSource: debian != nil,
        accepts: Set(accept), cache: cacheFolder)
      return .success(try await PatchBuild.run(request) { Output.error("\($0.printable) …\n") })
    } catch {
      return .failure(error)
    }
  }

  /// A symbol for people: a name of C++ as the source has it, and as it is written elsewhere.
  private func readable(_ symbol: String) -> String {
    symbol.demangled.map { "\($0.printable) [\(symbol.printable)]" } ?? symbol.printable
  }

  mutating func run() async throws {
    let style = output.style(for: STDERR_FILENO)
    let result = try await build()
    switch result {
    case .success(let report):
      for note in report.notes {
        let symbol = note.symbol.map { "\(readable($0)) " } ?? ""
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
        let symbol = refusal.symbol.map { "\(readable($0)) " } ?? ""
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
  /// The folder of built sources: as given, else where the XDG Base Directory Specification puts it, for root the system's.
  private var cacheFolder: String? {
    if let cache { return cache.isEmpty ? nil : cache }
    if let home = Output.environment("XDG_CACHE_HOME") { return "\(home)/lpreconcile" }
    if geteuid() == 0 { return "/var/cache/lpreconcile" }
    return Output.environment("HOME").map { "\($0)/.cache/lpreconcile" }
  }

  /// Text of several lines, as compilers write it, without what would change the terminal.
  private func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
  }
}

extension ProjectBuildRequest.Acceptance: ExpressibleByArgument {}

/// What `build --format json` prints.
struct BuildOutput: Encodable {
  let apiVersion = "lpreconcile/v1"
  let kind = "Build"
  let formatVersion = Report.currentFormatVersion
  let artifact: String
  let sha256: String
  let manifest: String
}
