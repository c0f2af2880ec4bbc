internal import ArgumentParser
internal import Reconciler

/// The program.
@main
struct LPReconcile: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lpreconcile",
    abstract: "Declares which patches running processes carry, and makes it so, without restarting them.",
    version: Version.text,
    subcommands: [
      Validate.self, PlanCommand.self, Apply.self, Status.self, Verify.self, Revert.self, Build.self, Inspect.self,
      Schema.self, Config.self, Explain.self,
    ])

  /// Kept on the main thread: signals are blocked there before any other thread exists.
  @MainActor
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    // Started by an apply, never by a person: `LinuxMachine` says why.
    if LinuxMachine.serve(arguments) { return }
    await CommandLineRun(arguments: arguments).run()
  }
}

/// The tool's version.
enum Version {
  static let text = "0.1.0"
}
