internal import ArgumentParser
internal import Glibc
internal import Reconciler

/// The form of what a command says.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// When there is colour.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

/// What every command that reports has.
struct OutputOptions: ParsableArguments {
  @Option(help: "text for people, json for programs (docs/json.md).")
  var format: OutputFormat = .text

  @Option(help: "auto, always or never; auto is for a terminal only and obeys NO_COLOR and TERM=dumb.")
  var color: ColorChoice = .auto

  @Flag(name: .shortAndLong, help: "Shows every process, not only the first of many that are alike.")
  var verbose = false

  var isJSON: Bool { format == .json }

  /// Whether a stream gets colour.
  func style(for descriptor: Int32) -> Style {
    switch color {
    case .always: Style(isOn: true)
    case .never: Style(isOn: false)
    case .auto:
      Style(
        isOn: Output.isTerminal(descriptor) && Output.environment("NO_COLOR") == nil
          && Output.environment("TERM") != "dumb")
    }
  }

  /// Whether a line on a stream is redrawn while something goes on: on a terminal that has colour by itself.
  func redraws(_ descriptor: Int32) -> Bool { color == .auto && style(for: descriptor).isOn }

  /// Prints a report and ends with its exit status.
  func finish(_ report: Report, text: (TextReport) -> String) throws {
    if isJSON {
      Output.out(report.json())
    } else {
      if let error = report.error {
        Output.error(TextReport.finding(error, style: style(for: STDERR_FILENO)))
        throw ExitCode(report.exitStatus)
      }
      Output.out(text(TextReport(report: report, style: style(for: STDOUT_FILENO), isVerbose: verbose)))
    }
    guard report.exitStatus == 0 else { throw ExitCode(report.exitStatus) }
  }

  /// Prints what stopped a command and ends with its status.
  func fail(_ kind: Report.Kind, _ finding: Finding, status: ExitStatus = .error) -> any Error {
    let report = Commands.reconciliation().error(kind, finding, status: status)
    if isJSON { Output.out(report.json()) }
    Output.error(TextReport.finding(finding, style: style(for: STDERR_FILENO)))
    return ExitCode(status.rawValue)
  }
}

/// The manifests that a command is about.
struct ManifestArguments: ParsableArguments {
  @Argument(
    help: "Manifests, or folders of them; none for those of the standard folders (`lpreconcile config`).",
    completion: .file(extensions: ["yaml", "yml"]))
  var paths: [String] = []

  /// Reads and checks them; prints what is wrong and ends where nothing may be done by them.
  func declaration(_ output: OutputOptions, kind: Report.Kind, mayBeNone: Bool = false) throws -> Declaration {
    let declaration = Declaration(paths)
    Output.error(declaration.text(colour: output.style(for: STDERR_FILENO).isOn))
    if declaration.hasErrors {
      let report = Commands.reconciliation().validation(declaration, kind: kind)
      if output.isJSON { Output.out(report.json()) }
      Output.error(TextReport.validationSummary(report))
      throw ExitCode(ExitStatus.error.rawValue)
    }
    if declaration.isNothing, !mayBeNone {
      throw output.fail(
        kind,
        Finding(
          "LP0615", "no path was given and the standard folders hold no manifest",
          next: ["give a path, or look at `lpreconcile config`"]))
    }
    return declaration
  }
}

/// What all commands share.
enum Commands {
  /// The work of a command; one that looks at processes shows how far it is.
  static func reconciliation(_ output: OutputOptions? = nil) -> Reconciliation {
    let line = LookLine(isShown: output?.redraws(STDERR_FILENO) ?? false)
    return Reconciliation(machine: LinuxMachine { line.show($0) }, tool: Version.text)
  }
}
