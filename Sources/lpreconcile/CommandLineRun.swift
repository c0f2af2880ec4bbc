internal import ArgumentParser
internal import Glibc
internal import Reconciler

/// One run of the program: arguments in, exit status out.
struct CommandLineRun {
  let arguments: [String]

  /// A command with examples.
  private static var commands: [any ExampledCommand.Type] {
    [
      Validate.self, PlanCommand.self, Apply.self, Status.self, Verify.self, Revert.self, Build.self, Inspect.self,
      Schema.self, Config.self, Explain.self,
    ]
  }

  private static var names: [String] { commands.map { $0.configuration.commandName ?? "" } }

  @MainActor
  func run() async -> Never {
    // A reader that went away (`| head`) must not kill an apply half way; writes then fail, and that is all.
    signal(SIGPIPE, SIG_IGN)
    if let help = helpText() {
      Output.out(help)
      exit(ExitStatus.success.rawValue)
    }
    if let unknown = unknownCommand() { usage(unknown) }
    do {
      var command = try LPReconcile.parseAsRoot(arguments)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      exit(ExitStatus.success.rawValue)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      let code = LPReconcile.exitCode(for: error)
      let message = LPReconcile.fullMessage(for: error)
      if code == .success {
        Output.out(message + "\n")
        exit(ExitStatus.success.rawValue)
      }
      usage(message)
    }
  }

  /// Ends with the status for wrong usage, in JSON where that was asked for.
  private func usage(_ message: String) -> Never {
    if wantsJSON {
      let finding = Finding("LP0617", message, next: ["lpreconcile --help"])
      Output.out(Commands.reconciliation().error(.error, finding, status: .usage).json())
    }
    Output.error(message.hasSuffix("\n") ? message : message + "\n")
    exit(ExitStatus.usage.rawValue)
  }

  private var wantsJSON: Bool {
    arguments.contains("--format=json")
      || zip(arguments, arguments.dropFirst()).contains { $0 == "--format" && $1 == "json" }
  }

  /// The arguments of the tool itself: behind `--` they are the compiler's.
  private var own: [String] { Array(arguments.prefix { $0 != "--" }) }

  private func helpText() -> String? {
    let first = own.first
    let wantsHelp = own.contains("-h") || own.contains("--help") || first == "help"
    guard wantsHelp || own.isEmpty else { return nil }
    let words = own.filter { !$0.hasPrefix("-") && $0 != "help" }
    guard let name = words.first, let command = Self.commands.first(where: { $0.configuration.commandName == name })
    else {
      guard words.isEmpty else { return nil }
      return """
        EXAMPLE:
          lpreconcile plan redis.yaml; lpreconcile apply redis.yaml

        \(LPReconcile.helpMessage())
        EXIT STATUS:
        \(ExitStatus.table)

        """
    }
    return """
      EXAMPLE:
        \(command.examples.joined(separator: "\n  "))

      \(LPReconcile.helpMessage(for: command))
      EXIT STATUS:
      \(ExitStatus.table)

      """
  }

  private func unknownCommand() -> String? {
    guard let first = own.first(where: { !$0.hasPrefix("-") }), own.first == first, first != "help",
      !Self.names.contains(first)
    else { return nil }
    let near = Suggestion.nearest(to: first, among: Self.names)
    let hint = near.map { "did you mean '\($0)'? " } ?? ""
    return "error: '\(first)' is no command. \(hint)Commands: \(Self.names.joined(separator: ", ")).\n"
  }
}

/// A command whose help opens with examples.
protocol ExampledCommand: ParsableCommand {
  /// Command lines that work as they stand where the named files exist; the tests run them.
  static var examples: [String] { get }
}

/// A near miss of a word.
enum Suggestion {
  /// The nearest of some words, or nil where none is near.
  static func nearest(to word: String, among candidates: [String]) -> String? {
    let scored = candidates.map { (distance(Array(word), Array($0)), $0) }
    guard let best = scored.min(by: { $0 < $1 }), best.0 <= max(1, word.count / 3) else { return nil }
    return best.1
  }

  /// The edit distance in which two letters that changed places count as one edit (optimal string alignment).
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
