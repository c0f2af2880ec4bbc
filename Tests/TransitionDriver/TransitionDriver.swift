internal import Glibc
internal import LiveProcess
internal import Patch
internal import TransitionKit

/// A tool of the tests that patches a process and may be killed while it does.
///
///     TransitionDriver PID BUILD-ID on|on-checked|off ARTIFACT|-
///     TransitionDriver PID BUILD-ID alone ARTIFACT
///     TransitionDriver PID BUILD-ID forward|back ARTIFACT ARTIFACT
///
/// `on` loads and activates the artifact, if one is given, and a patch of the values of `Tests/Victims/switch.c`, and
/// `on-checked` does it when no thread is inside the functions; `off` takes them away. `alone` is `on` without the values. `forward` puts the second artifact, with values of its own, in the place of the first, and `back` the
/// first in the place of the second.
@main
enum TransitionDriver {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 5, let pid = Int32(arguments[1]), let build = BuildID(hex: arguments[2]) else { exit(64) }
    do {
      let artifacts = try arguments[4...].compactMap { $0 == "-" ? nil : try PatchArtifact(reading: read($0)) }
      let request: TransitionRequest
      if artifacts.count == 2 {
        let generations = artifacts.enumerated().map { PairPatch.Generation($1, number: UInt64($0 + 1)) }
        let isForward = arguments[3] == "forward"
        request = try PairPatch.change(
          ProcessID(pid), build, from: generations[isForward ? 0 : 1], to: generations[isForward ? 1 : 0])
      } else {
        let policy = SwitchPolicy(
          maxStop: .seconds(10), checksStacks: arguments[3] == "on-checked", retryFor: .seconds(30))
        var asked = try PairPatch.request(
          ProcessID(pid), build, isOn: arguments[3] != "off", artifacts.first, policy: policy)
        if arguments[3] == "alone" {
          asked.load.removeFirst()
          asked.activate.removeFirst()
        }
        request = asked
      }
      _ = try Transition.run(request)
    } catch {
      print("refused: \(error)")
      exit(3)
    }
    print("done")
  }

  private static func read(_ path: String) -> [UInt8] {
    // SAFETY: the path is terminated and lives for the call.
    let file = unsafe open(path, O_RDONLY)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 16 << 20)
    // SAFETY: the count is that of the array.
    let count = unsafe Glibc.read(file, &bytes, bytes.count)
    return Array(bytes.prefix(max(count, 0)))
  }
}
