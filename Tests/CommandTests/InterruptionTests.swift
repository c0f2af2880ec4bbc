import Reconciler
import Testing
import VictimKit

@Suite("Ctrl-C is answered with what was and was not changed", .needsRoot)
struct InterruptionTests {
  @Test("While a process is busy: one is changed, one is not, and both are said", arguments: ["text", "json"])
  func whileBusy(format: String) throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "5m"))
    let free = try enclosure.start("'\(shop.desk)' free")
    let busy = try enclosure.start("'\(shop.desk)' busy")
    #expect(try enclosure.ask(busy, "hold") == "held")
    let before = try enclosure.digest(of: shop.desk, in: busy)
    let job = try enclosure.begin("apply", "--yes", manifest, "--format", format)
    #expect(try eventually { try enclosure.ask(free, "price 24") == DeskShop.after })
    if format == "text" {
      #expect(try eventually { try enclosure.output(of: job).contains("waiting") })
    }
    let begin = ContinuousClock.now
    try enclosure.output("kill -INT \(job.pid)")
    // A second one is safe.
    try enclosure.output("kill -INT \(job.pid) 2>/dev/null || true")
    let done = try enclosure.end(job)
    // Within a second on an idle machine.
    #expect(ContinuousClock.now - begin < .seconds(60))
    #expect(done.status == 130, "\(done.output)\(done.errors)")
    if format == "text" {
      #expect(
        done.output.contains("Result: 1 changed, 0 converged, 1 busy, 0 failed. Protected now: 1 of 2.\n"),
        "\(done.output)")
      #expect(
        done.output.hasSuffix("Interrupted: what is counted as changed was changed, everything else is as it was.\n"))
    } else {
      #expect(try JSONTests.check(done.output) == "")
      let report = try #require(Report.read(Array(done.output.utf8)))
      #expect(report.exitStatus == 130 && report.complete == false)
      #expect(report.summary["changed"] == 1 && report.summary["busy"] == 1)
    }
    #expect(try enclosure.digest(of: shop.desk, in: busy) == before)
    #expect(try enclosure.tracer(of: busy) == "0" && enclosure.tracer(of: free) == "0")
    #expect(try enclosure.ask(busy, "release") == "released")
    #expect(try enclosure.ask(busy, "price 24") == DeskShop.before)
  }

  @Test("At any moment: the report is true, every process is whole and untraced, and the next apply goes on")
  func atAnyMoment() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "5m"))
    let desks = try (1...6).map { try enclosure.start("'\(shop.desk)' shop-\($0)") }
    var answered = 0
    for round in 0..<25 {
      let job = try enclosure.begin("apply", "--yes", manifest, "--format", "json")
      // Moments from before the first look to behind the last change.
      try enclosure.output(
        "read -rt 0.0\(String(round * 4 + 100).dropFirst()) <> <(:); kill -INT \(job.pid) 2>/dev/null || true")
      let done = try enclosure.end(job)
      let comment: Comment = "round \(round): status \(done.status) \(done.output)\(done.errors)"
      // 130 by itself, or by the signal where it had not begun to watch; 0 where it was done before.
      #expect([0, 130].contains(done.status), comment)
      let prices = try desks.map { try enclosure.ask($0, "price 24") }
      for (desk, price) in zip(desks, prices) {
        #expect([DeskShop.before, DeskShop.after].contains(price), comment)
        #expect(try enclosure.tracer(of: desk) == "0", comment)
      }
      if !done.output.isEmpty {
        answered += 1
        let report = try #require(Report.read(Array(done.output.utf8)), comment)
        #expect(report.exitStatus == done.status, comment)
        for process in report.processes {
          let price = zip(desks, prices).first { $0.0.pid == process.pid }?.1
          let isAfter = process.result == .changed || process.result == .converged
          #expect(price == (isAfter ? DeskShop.after : DeskShop.before), comment)
        }
        if report.error != nil { #expect(prices.allSatisfy { $0 == DeskShop.before }, comment) }
      } else {
        #expect(prices.allSatisfy { $0 == DeskShop.before }, comment)
      }
      #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
      #expect(try desks.allSatisfy { try enclosure.ask($0, "price 24") == DeskShop.after })
      #expect(try enclosure.tool("revert", "--yes", "--all").status == 0)
    }
    #expect(answered > 5)
  }
}
