internal import Glibc
internal import LiveProcess
internal import Patch
internal import TransitionKit

/// A tool of the tests that patches a process and may be killed while it does.
///
///     TransitionDriver PID BUILD-ID on|off ARTIFACT|-
///
/// `on` loads and activates the artifact, if one is given, and a patch of the values of `Tests/Victims/switch.c`; `off`
/// takes away whatever the process carries.
@main
enum TransitionDriver {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let pid = Int32(arguments[1]), let build = BuildID(hex: arguments[2]) else { exit(64) }
    do {
      let artifact = arguments[4] == "-" ? nil : try PatchArtifact(reading: read(arguments[4]))
      let request = try PairPatch.request(ProcessID(pid), build, isOn: arguments[3] == "on", artifact)
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
