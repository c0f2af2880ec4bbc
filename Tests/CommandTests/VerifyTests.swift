import Reconciler
import Testing
import VictimKit

@Suite("Verify reads memory back and calls what it finds by its name", .needsRoot)
struct VerifyTests {
  enum Poke: String, CaseIterable {
    case breakpoint, foreignBranch, foreignBytes, value

    /// What is written, and over which of the desk's two places.
    var bytes: String {
      switch self {
      case .breakpoint: "cc"
      case .foreignBranch: "e900000000"
      case .foreignBytes: "90"
      case .value: "bc020000"
      }
    }
    var code: String {
      switch self {
      case .breakpoint: "LP0310"
      case .foreignBranch: "LP0311"
      case .foreignBytes: "LP0313"
      case .value: "LP0312"
      }
    }
    var words: String {
      switch self {
      case .breakpoint: "a breakpoint stands in price at "
      case .foreignBranch: "another tool's branch stands in price at "
      case .foreignBytes: "foreign bytes in price at "
      case .value: "the program itself has changed fee at "
      }
    }
  }

  @Test(
    "A breakpoint, another tool's branch, foreign bytes, a value that the program changed", arguments: Poke.allCases)
  func poke(_ poke: Poke) throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    let whole = try enclosure.tool("verify", manifest)
    #expect(whole.status == 0)
    #expect(whole.output.contains("every-item (CVE-2025-12345) active since 20"))
    #expect(whole.output.contains("1 place read back, verified"))

    let places = try enclosure.ask(desk, "address").split(separator: " ")
    let place = try #require(poke == .value ? places.last : places.first)
    let script = """
      import sys
      with open('/proc/\(desk.pid)/mem', 'r+b', buffering=0) as memory:
          memory.seek(\(place)); found = memory.read(5).hex(' ')
          memory.seek(\(place)); memory.write(bytes.fromhex('\(poke.bytes)'))
          memory.seek(\(place)); print(found, '|', memory.read(5).hex(' '))
      """
    _ = try enclosure.write("poke.py", script)
    let bytes = try enclosure.output("/usr/bin/python3 poke.py").split(separator: "|").map { $0.filter { $0 != "\n" } }
    let count = poke == .value ? 4 : 5
    func shown(_ text: String) -> String { String(text.split(separator: " ").prefix(count).joined(separator: " ")) }

    for command in ["verify", "status"] {
      let done = try enclosure.tool(command, manifest)
      #expect(done.status == 3, "\(done.output)")
      let line =
        "\(poke.words)\(place) (\(poke == .value ? "lower-fee" : "every-item")): "
        + "expected \(shown(bytes[0])), found \(shown(bytes[1])) [\(poke.code)]\n"
      #expect(done.output.contains(line), "\(line) in \(done.output)")
      #expect(done.output.contains("drifted"))
      #expect(done.output.contains("next: "))
    }
    let json = try enclosure.tool("verify", manifest, "--format", "json")
    #expect(try JSONTests.check(json.output) == "")
    let report = try #require(Report.read(Array(json.output.utf8)))
    #expect(report.processes.first?.state == .drifted)
    #expect(
      report.processes.first?.patches.compactMap(\.drift).joined().map(\.kind) == [
        poke == .value ? "valueChanged" : poke.rawValue
      ])
    // Foreign bytes are never written over.
    let apply = try enclosure.tool("revert", "--all", "--yes")
    if poke != .value {
      #expect(apply.status == 3, "\(apply.output)")
      let now = try enclosure.output(
        "/usr/bin/python3 -c 'm = open(\"/proc/\(desk.pid)/mem\", \"rb\"); m.seek(\(place)); print(m.read(5).hex(\" \"))'"
      )
      #expect(now == bytes[1].drop { $0 == " " } + "\n")
    } else {
      #expect(apply.status == 0, "\(apply.output)")
      #expect(try enclosure.ask(desk, "fee") == "700", "the program's own value is left alone")
      #expect(apply.output.contains("was left as the program has it: bc 02 00 00 [LP0530]"))
    }
  }

  @Test("What a patch fixes and what it is for can be seen in inspect, plan, status and /proc/PID/maps")
  func names() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    let inspect = try enclosure.tool("inspect", shop.artifact).output
    #expect(inspect.hasPrefix("every-item  (CVE-2025-12345)\n  every item counts\n"))
    #expect(inspect.contains("  replaces  1 function\n    price at 0x"))
    #expect(!inspect.contains("lpatch.at"))
    #expect(try enclosure.tool("plan", manifest).output.contains("CVE-2025-12345"))
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    let status = try enclosure.tool("status", manifest, "--format", "json").output
    #expect(status.contains("\"CVE-2025-12345\"") && status.contains("\"every item counts\""))
    #expect(try enclosure.tool("status", manifest).output.contains("every-item (CVE-2025-12345) active since"))
    #expect(try enclosure.tool("status").output.contains("every-item (CVE-2025-12345) active since"))
    #expect(try enclosure.output("cat /proc/\(desk.pid)/maps").contains("/memfd:lpreconcile:every-item"))
  }

  @Test("Status says when the disk holds another build, so that a restart would do")
  func disk() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    try enclosure.output("cp '\(shop.desk)' desk && cp '\(shop.other)' newer")
    let path = enclosure.folder.file("desk")
    let manifest = try enclosure.write("desk.yaml", shop.manifest().replacing("\(shop.desk)*", with: path))
    _ = try enclosure.start("'\(path)' first")
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
    let said = "disk has another build"
    #expect(try !enclosure.tool("status", manifest).output.contains(said))
    try enclosure.output("mv newer desk")
    let status = try enclosure.tool("status", manifest)
    #expect(status.status == 0)
    #expect(status.output.contains("desk   1 of 1 protected   CONVERGED"))
    #expect(status.output.contains(said))
  }
}
