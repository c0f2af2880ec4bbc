import Testing
import VictimKit

@Suite("Commands that only look never stop, signal or write to a process", .needsRoot)
struct HarmlessTests {
  @Test(
    "Shown by strace",
    arguments: [
      ["plan", "M"], ["status", "M"], ["status"], ["validate", "M"], ["verify", "M"], ["inspect", "/nonexistent"],
    ])
  func strace(arguments: [String]) throws {
    let folder = try TemporaryDirectory()
    _ = try Command.run(["/bin/sh", "-c", "cat > '\(folder.file("m.yaml"))'"], input: Program.manifest)
    let log = folder.file("strace.log")
    let traced = [
      "/usr/bin/strace", "-f", "-qq", "-o", log, "-e",
      "trace=%file,ptrace,process_vm_writev,kill,tgkill,tkill,pidfd_send_signal",
    ]
    let done = try Command.run(traced + [Checkout.program] + arguments.map { $0 == "M" ? folder.file("m.yaml") : $0 })
    #expect([0, 1, 2, 3].contains(done.status), "\(done.errors)")
    let calls = try Command.output(["/bin/cat", log]).split(separator: "\n")
    #expect(calls.count > 3)
    for call in calls {
      #expect(!call.contains("ptrace(") && !call.contains("process_vm_writev(") && !call.contains("kill("), "\(call)")
      #expect(!call.contains("pidfd_send_signal("), "\(call)")
      if call.contains("/proc/") { #expect(!call.contains("O_RDWR") && !call.contains("O_WRONLY"), "\(call)") }
    }
  }
}
