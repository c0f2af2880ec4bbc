import Testing
import VictimKit

@Suite("A debugger sees a patched frame by name, by the command that inspect prints", .needsRoot)
struct DebuggerTests {
  private let shop: DeskShop
  private let victim: Victim

  /// A desk with the patch.
  init() throws {
    shop = try DeskShop.open()
    victim = try Victim(try VictimProgram.compile("desk.c", flags: ["-O2", "-g", "-pthread", "-Wall", "-Wextra"]))
    let folder = try TemporaryDirectory()
    let manifest = shop.manifest().replacing("\(shop.desk)*", with: victim.program.path)
    _ = try Command.run(["sh", "-c", "cat > '\(folder.file("m.yaml"))'"], input: manifest)
    let apply = try Program.run(["apply", "--yes", "--pid", String(victim.pid), folder.file("m.yaml")])
    #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
  }

  private func inspect(_ options: String...) throws -> Command {
    try Program.run(["inspect", shop.artifact, "--pid", String(victim.pid)] + options)
  }

  @Test("gdb names the replaced function, and goes on to its callers up to main")
  func backtrace() throws {
    let text = try inspect().output
    let found = text.split(separator: "\n").first { $0.contains("add-symbol-file ") }
    let command = String(try #require(found, "\(text)").trimmingPrefix { $0 == " " })
    victim.tell("price 0")
    var said = ""
    let stands = try eventually {
      said = try Command.output([
        "gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-p", String(victim.pid), "-ex", command, "-ex",
        "bt",
      ])
      return said.contains("wait_for_release (")
    }
    #expect(stands, "\(said)")
    let names = said.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
      // `#3  0x… in price ()`, or `#0  name (…) at file:line` where the instruction is a line's first.
      let words = line.split(separator: " ").dropFirst()
      return String((words.dropFirst().first == "in" ? words.dropFirst(2) : words).first ?? "")
    }
    #expect(names.suffix(4) == ["wait_for_release", "price", "serve", "main"], "\(said)")
  }

  @Test("It is told as JSON too, and nothing is stopped or written for it")
  func harmless() throws {
    let json = try inspect("--format", "json")
    #expect(try json.status == 0 && JSONTests.check(json.output) == "", "\(json.errors)")
    #expect(json.output.contains("\"gdb\" : \"add-symbol-file \(shop.artifact) -s "))
    let calls = try Command.run([
      "strace", "-f", "-qq", "-e", "trace=openat,ptrace,process_vm_writev,kill,tgkill,tkill,pidfd_send_signal",
      Checkout.program, "inspect", shop.artifact, "--pid", String(victim.pid),
    ]).errors.split(separator: "\n")
    let reads = calls.filter { $0.contains("openat(") && $0.contains("/proc/\(victim.pid)/mem\"") }
    #expect(!reads.isEmpty && reads.allSatisfy { $0.contains("O_RDONLY") }, "\(calls)")
    #expect(calls.allSatisfy { $0.contains("openat(") || $0.contains("+++") || $0.contains("---") }, "\(calls)")
  }

  @Test("A process that does not carry the very artifact is refused, and one that is not there")
  func absent() throws {
    let other = try Victim(victim.program)
    let refused = try Program.run(["inspect", shop.artifact, "--pid", String(other.pid)])
    #expect(refused.status == 1 && refused.errors.contains("[LP0524]"), "\(refused.errors)")
    let gone = try Program.run(["inspect", shop.artifact, "--pid", "999999999", "--format", "json"])
    #expect(try gone.status == 1 && JSONTests.check(gone.output) == "", "\(gone.output)")
    #expect(gone.errors.contains("[LP0303]"), "\(gone.errors)")
  }
}
