import Reconciler
import Testing
import VictimKit

@Suite("A function in use is left alone, and who uses it is named", .needsRoot)
struct BusyTests {
  @Test("Thread, function, backtrace, tries, longest stop and next step, in time, and every byte as it was")
  func busy() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "2s"))
    let desk = try enclosure.start("'\(shop.desk)' busy")
    #expect(try enclosure.ask(desk, "hold") == "held")
    let before = try enclosure.digest(of: shop.desk, in: desk)
    let begin = ContinuousClock.now
    let done = try enclosure.tool("apply", "--yes", manifest)
    let time = ContinuousClock.now - begin
    #expect(done.status == 3)
    // On an idle machine it is within one second of retryFor; other tests run beside this one.
    #expect(time >= .seconds(2) && time < .seconds(12), "\(time)")
    #expect(try enclosure.digest(of: shop.desk, in: desk) == before)
    #expect(try enclosure.mappings(of: desk) == 0)
    #expect(try enclosure.tracer(of: desk) == "0")

    let thread = try enclosure.output("ls /proc/\(desk.pid)/task | tail -n 1").filter(\.isNumber)
    let text = done.output
    #expect(text.contains("waiting    0 s of 2 s · price is in use · Ctrl-C leaves it as it is\n"))
    #expect(text.contains("every-item: price is in use by thread \(thread) [LP0501]\n"), "\(text)")
    let backtrace = try #require(text.split(separator: "\n").first { $0.contains("backtrace: ") })
    #expect(
      try #/ < wait_for_release\+0x[0-9a-f]+ < price\+0x[0-9a-f]+ < serve\+0x[0-9a-f]+ < /#.firstMatch(in: backtrace)
        != nil)
    #expect(try #/unchanged after 2(\.[0-9])? s and [0-9]+ tries; longest stop [0-9.]+ ms/#.firstMatch(in: text) != nil)
    #expect(text.contains("next: apply again later, or raise policy.retryFor (\(manifest):19:15)"), "\(text)")
    #expect(text.contains("Result: 0 changed, 0 converged, 1 busy, 0 failed. Protected now: 0 of 1.\n"))
    #expect(!text.contains("Undo:"))

    #expect(try enclosure.ask(desk, "release") == "released")
    let free = try enclosure.tool("apply", "--yes", manifest)
    #expect(free.status == 0, "\(free.output)")
    #expect(try enclosure.ask(desk, "price 24") == DeskShop.after)
  }

  @Test("The same as JSON")
  func json() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "0s"))
    let desk = try enclosure.start("'\(shop.desk)' busy")
    #expect(try enclosure.ask(desk, "hold") == "held")
    let done = try enclosure.tool("apply", "--yes", "--format", "json", manifest)
    #expect(try JSONTests.check(done.output) == "")
    let process = try #require(Report.read(Array(done.output.utf8))?.processes.first)
    #expect(process.result == .busy && process.state == .outdated && process.reason?.code == "LP0501")
    #expect(process.blocking.map { $0.frames.contains { $0.hasPrefix("price+0x") } } == true)
    #expect(process.stop.map { $0.tries >= 1 && $0.longestMicroseconds != nil } == true)
    #expect(process.waited != nil)
  }

  @Test("A process that a debugger traces is busy, and the debugger is named")
  func traced() throws {
    let (enclosure, shop) = (try Enclosure(), try DeskShop.open())
    let manifest = try enclosure.write("desk.yaml", shop.manifest(retryFor: "0s"))
    let desk = try enclosure.start("'\(shop.desk)' traced")
    try enclosure.output("strace -qq -o /dev/null -p \(desk.pid) & echo $! >tracer")
    #expect(try eventually { try enclosure.tracer(of: desk) != "0" })
    let done = try enclosure.tool("apply", "--yes", manifest)
    #expect(done.status == 3)
    #expect(done.output.contains("strace (process ") && done.output.contains(") traces it [LP0503]"), "\(done.output)")
    #expect(done.output.contains("next: end strace, then apply again"))
    try enclosure.output("kill $(cat tracer)")
    #expect(try eventually { try enclosure.tracer(of: desk) == "0" })
    #expect(try enclosure.tool("apply", "--yes", manifest).status == 0)
  }
}
