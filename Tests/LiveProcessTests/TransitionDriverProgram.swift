import Patch
import VictimKit

/// The tool of the tests that makes one transition, as a process of its own.
enum TransitionDriverProgram {
  /// The driver, beside the test's own program.
  static let path: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return parts.joined(separator: "/") + "/.build/release/TransitionDriver"
  }()

  /// Its arguments for a victim's own patches.
  static func arguments(_ subject: SwitchVictim, _ how: String) -> [String] {
    [path, String(subject.victim.pid), subject.build.description, how, subject.artifactPath]
  }

  /// Starts it; it writes one line when it has ended.
  static func start(_ subject: SwitchVictim, _ how: String) throws -> ChildProcess {
    try ChildProcess(arguments(subject, how))
  }
}
