import Reconciler
import Testing
import VictimKit

@Suite("The command line is as its help says")
struct UsageTests {
  static let commands = [
    "validate", "plan", "apply", "status", "verify", "revert", "build", "inspect", "schema", "config", "explain",
  ]

  @Test(
    "Wrong usage is 64 and never another status",
    arguments: [
      ["plan", "--bogus"], ["valdate"], ["apply", "--limit", "0"], ["apply", "--limit", "x"], ["revert"], ["inspect"],
      ["revert", "--all", "--pid", "1"], ["status", "--format", "xml"], ["apply", "--plan", "a", "b.yaml"],
    ])
  func wrongUsage(arguments: [String]) throws {
    let done = try Program.run(arguments)
    #expect(done.status == 64)
    #expect(done.output.isEmpty)
    #expect(!done.errors.isEmpty)
  }

  @Test("Wrong usage is JSON too where that was asked for")
  func wrongUsageInJSON() throws {
    let done = try Program.run(["plan", "--bogus", "--format", "json"])
    #expect(done.status == 64)
    #expect(Report.read(Array(done.output.utf8))?.error?.code == "LP0617")
  }

  @Test(
    "A misspelt command gets a suggestion",
    arguments: [("valdate", "validate"), ("paln", "plan"), ("statsu", "status")])
  func suggestion(wrong: String, right: String) throws {
    #expect(try Program.run([wrong]).errors.contains("did you mean '\(right)'?"))
  }

  @Test("The help opens with an example and ends with the one table of exit statuses", arguments: commands)
  func help(command: String) throws {
    let help = try Program.run([command, "--help"])
    #expect(help.status == 0)
    #expect(help.output.hasPrefix("EXAMPLE:\n  lpreconcile \(command)"))
    for status in ExitStatus.allCases { #expect(help.output.contains(status.meaning)) }
    #expect(try Program.run(["help", command]).output == help.output)
  }

  @Test("The documents have the same table, and every command")
  func documents() throws {
    let page = try Command.output(["cat", Checkout.root + "/docs/commands.md"])
    for status in ExitStatus.allCases { #expect(page.contains("\n| \(status.rawValue) | \(status.meaning) |\n")) }
    for command in Self.commands { #expect(page.contains("\n| `\(command)"), "\(command)") }
    for word in ProcessState.allCases.map(\.word) + ProcessResult.allCases.map(\.word) {
      #expect(page.contains("\n| \(word)") || page.contains(", \(word)"), "\(word)")
    }
  }

  @Test("The program needs nothing of the machine but /proc", .needsRoot)
  func emptyRoot() throws {
    let folder = try TemporaryDirectory()
    let script = """
      mkdir "$1/proc" && cp "$2" "$1/lpreconcile" && mount -t proc proc "$1/proc"
      chroot "$1" /lpreconcile explain LP0301; status=$?
      umount "$1/proc"
      exit $status
      """
    let done = try Command.run(
      ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", script, "sh", folder.path, Checkout.program])
    #expect(done.status == 0, "\(done.errors)")
    #expect(done.output.hasPrefix("LP0301"))
  }

  @Test("The exit statuses are frozen")
  func statuses() {
    #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 64, 130])
  }

  @Test("The examples of the help are understood as they stand", .needsRoot, arguments: commands)
  func examples(command: String) throws {
    let folder = try TemporaryDirectory()
    let help = try Program.run([command, "--help"]).output
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
      .prefix { !$0.isEmpty }.map { String($0.drop { $0 == " " }) }
    #expect(!lines.isEmpty)
    for line in lines {
      let script = """
        cd '\(folder.path)' && cat > redis.yaml && PATH='\(Checkout.root)/.build/release':$PATH && \(line)
        """
      let done = try Command.run(["/bin/sh", "-c", script], input: Program.manifest)
      #expect([0, 1, 2, 3].contains(done.status), "\(line): \(done.status) \(done.errors)")
      #expect(!done.errors.contains("Usage:"), "\(line): \(done.errors)")
    }
  }

  @Test(
    "No escape code leaves for anything but a terminal, and none with --color=never",
    arguments: [
      ["status"], ["validate", "/nonexistent.yaml"], ["config"], ["explain", "LP0301"],
    ])
  func noEscapeCodes(arguments: [String]) throws {
    let done = try Program.run(arguments)
    #expect(!(done.output + done.errors).contains("\u{1b}"))
  }

  @Test("--color=always colours even a pipe")
  func colour() throws {
    #expect(try Program.run(["validate", "/nonexistent.yaml", "--color=always"]).errors.contains("\u{1b}["))
  }
}
