import Reconciler
import Testing
import VictimKit

@Suite("Coverage is the headline, and whoever is not protected has a reason and a next step", .needsRoot)
struct CoverageTests {
  /// What every report of processes holds: one word each, and the words add up.
  static func check(_ report: Report, _ comment: Comment) {
    let words =
      [Report.Kind.apply, .revert].contains(report.kind)
      ? ProcessResult.allCases.map(\.rawValue) : ProcessState.allCases.map(\.rawValue)
    #expect(words.reduce(0) { $0 + (report.summary[$1] ?? 0) } == report.processes.count, comment)
    #expect(report.summary["processes"] == report.processes.count, comment)
    for process in report.processes {
      let word = process.result?.rawValue ?? process.state?.rawValue ?? ""
      #expect(words.contains(word), comment)
      guard !["converged", "changed", "gone"].contains(word) else { continue }
      #expect(
        process.reason.map { $0.code.hasPrefix("LP") && !$0.message.isEmpty && !$0.next.isEmpty } == true, comment)
      for reason in process.furtherReasons ?? [] { #expect(!reason.next.isEmpty, comment) }
    }
    for word in words {
      let count = report.processes.count { ($0.result?.rawValue ?? $0.state?.rawValue) == word }
      #expect(report.summary[word] == count, comment)
    }
  }

  @Test("In every report of real processes: one converged, one busy, one of another build, one changed by hand")
  func realReports() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "0s"))
    _ = try enclosure.start("'\(shop.desk)' quiet")
    let busy = try enclosure.start("'\(shop.desk)' busy")
    let drifted = try enclosure.start("'\(shop.desk)' drifted")
    let other = try enclosure.start("'\(shop.other)' other")
    #expect(try enclosure.ask(busy, "hold") == "held")
    let apply = try enclosure.tool("apply", "--yes", manifest, "--format", "json")
    let report = try #require(Report.read(Array(apply.output.utf8)), "\(apply.errors)")
    #expect(apply.status == 3)
    #expect(report.summary["changed"] == 2 && report.summary["busy"] == 1 && report.summary["notCovered"] == 1)
    #expect(report.summary["protected"] == 2)
    #expect(try enclosure.ask(drifted, "set 700") == "700")

    for command in [
      ["status"], ["status", manifest], ["verify", manifest], ["plan", manifest], ["apply", "--yes", manifest],
      ["revert", "--all"], ["status", manifest], ["plan", "--pid", "\(other.pid)", manifest],
    ] {
      let done = try enclosure.run(Enclosure.words(command + ["--format", "json"]))
      let comment: Comment = "\(command.joined(separator: " ")): \(done.output)"
      let report = try #require(Report.read(Array(done.output.utf8)), comment)
      #expect(done.status == report.exitStatus, comment)
      #expect(try JSONTests.check(done.output) == "", comment)
      #expect(!report.processes.isEmpty, comment)
      Self.check(report, comment)
    }
  }

  @Test("The text says how many are protected, first and last")
  func text() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    _ = try enclosure.start("'\(shop.desk)' first")
    let apply = try enclosure.tool("apply", "--yes", manifest)
    #expect(apply.status == 0, "\(apply.errors)")
    #expect(apply.output.contains("Result: 1 changed, 0 converged, 0 failed. Protected now: 1 of 1.\n"))
    let second = try enclosure.start("'\(shop.desk)' second")
    let other = try enclosure.start("'\(shop.other)' third")
    let status = try enclosure.tool("status", manifest)
    #expect(status.status == 3)
    #expect(status.output.hasPrefix("desk   1 of 3 protected   NOT CONVERGED\n"))
    #expect(status.output.contains("\(second.pid) desk second  outdated     every-item, lower-fee\n"))
    #expect(status.output.contains("next: lpreconcile apply \(manifest)\n"))
    #expect(status.output.contains("\(other.pid) desk-other third  not covered\n"))
    #expect(status.output.hasSuffix("\n1 of 3 protected: 1 converged, 1 outdated, 1 not covered.\n"))
  }

  @Test(
    "A build that no manifest lists makes 3 only where the manifest says `fail`",
    arguments: ["report", "fail", "ignore"])
  func unknownBuilds(word: String) throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(unknownBuilds: word))
    _ = try enclosure.start("'\(shop.other)' other")
    let expected: Int32 = word == "fail" ? 3 : 0
    for command in [["plan"], ["status"], ["verify"], ["apply", "--yes"]] {
      let done = try enclosure.run(Enclosure.words(command + [manifest, "--format", "json"]))
      #expect(done.status == expected, "\(command): \(done.output)")
      let report = try #require(Report.read(Array(done.output.utf8)))
      #expect(report.processes.count == (word == "ignore" ? 0 : 1))
      #expect(try JSONTests.check(done.output) == "")
    }
  }

  @Test("An ordinary user may look at files; processes that he may not read are named, counted, and make 3")
  func ordinaryUser() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest())
    let desk = try enclosure.start("'\(shop.desk)' first")
    // The folders of a test are its own: they may be opened to others.
    let folder = String(shop.desk.prefix(upTo: shop.desk.lastIndex(of: "/") ?? shop.desk.endIndex))
    try enclosure.output("chmod 755 . '\(folder)' '\(folder)/..'; chmod 644 '\(manifest)' '\(shop.artifact)'")
    try enclosure.output("cp '\(Checkout.program)' tool && chmod 755 tool && mkdir -m 777 out")
    func asNobody(_ arguments: String) throws -> Command {
      try enclosure.run(
        "setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR=\(enclosure.folder.path)/out ./tool \(arguments)"
      )
    }
    #expect(try asNobody("validate '\(manifest)'").status == 0)
    #expect(try asNobody("inspect '\(shop.artifact)'").status == 0)
    #expect(try asNobody("schema").status == 0)
    let build = "--binary '\(shop.desk)' --replacement '\(folder)/fix.c' --replace price --name x"
    #expect(
      try asNobody("build \(build) -o out/x.lpatch --format json")
        .output.contains("\"kind\" : \"Build\""))
    let status = try asNobody("status '\(manifest)' --format json")
    #expect(status.status == 3)
    let report = try #require(Report.read(Array(status.output.utf8)))
    #expect(report.processes.contains { $0.pid == desk.pid && $0.state == .unreadable && $0.reason?.code == "LP0303" })
    #expect(report.complete == false)
    Self.check(report, "as nobody")
    let text = try asNobody("status '\(manifest)'")
    #expect(text.output.hasPrefix("desk   no process maps \(shop.desk)*   NOT KNOWN: "))
    let apply = try asNobody("apply --yes '\(manifest)'")
    #expect(apply.status == 3)
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.before)
  }
}
