import LiveProcess
import Reconciler
import Testing

@Suite("The text says the verdict first, and the next step")
struct TextReportTests {
  static let origin = Report.Origin(tool: "0", createdAt: "2026-11-23T19:10:19Z", bootId: "b")

  static func text(_ world: World, _ kind: Report.Kind, isVerbose: Bool = false) -> String {
    let plan = plan(desired: world.desired, observed: world.observed)
    let report = Report.of(plan, desired: world.desired, kind: kind, origin: origin)
    let text = TextReport(report: report, style: Style(isOn: false), isVerbose: isVerbose)
    return kind == .plan ? text.plan(arguments: ["redis.yaml"]) : text.status()
  }

  @Test("A plan names place, change, reason and the command to type next")
  func plan_() {
    #expect(
      Self.text(World.many(2), .plan) == """
        redis-server   /usr/bin/redis-server   3 processes
          build 0ba9a5c1  listed at redis.yaml:10
            1000 redis-server *:1000 · 1001 redis-server *:1001
              + debug-verbosity   absent -> active   server+2504 (int32) 2 -> 0
          build 77aac0de  listed nowhere
            900000 redis-server *:900000   not covered
              build 77aac0de of /usr/bin/redis-server is listed in no manifest [LP0301]
              next: lpreconcile build --binary /proc/900000/exe … to make a patch for this build
              next: if it has the fix already, list build 77aac0de with `patches: []` in redis.yaml
        Plan: 2 to change, 0 converged, 1 not covered. Nothing was touched.
        Apply exactly this:  lpreconcile plan redis.yaml -o r.plan; lpreconcile apply --plan r.plan

        """)
  }

  @Test("The headline is the coverage")
  func coverage() {
    let text = Self.text(World.many(2).patched(), .status)
    #expect(text.hasPrefix("redis-server   2 of 3 protected   NOT ALL COVERED\n"))
    #expect(text.contains("debug-verbosity (CVE-2025-32023) active since 2023-11-14 22:13Z, verified"))
  }

  @Test("4000 processes that are alike give at most 40 lines, with -v all", arguments: [Report.Kind.plan, .status])
  func many(kind: Report.Kind) {
    let short = Self.text(World.many(4000), kind)
    #expect(short.split(separator: "\n").count <= 40)
    #expect(short.contains("and 3997 more (-v shows all)"))
    let long = Self.text(World.many(4000), kind, isVerbose: true)
    #expect((1000..<5000).allSatisfy { long.contains("\($0) redis-server") })
    #expect(short == Self.text(World.many(4000), kind), "two runs are byte-equal")
  }

  @Test("200 places that are not as written give a few lines, with -v all")
  func manyReasons() {
    let world = World.many(1).patched(drift: .breakpoint, times: 200)
    let short = Self.text(world, .verify)
    #expect(short.split(separator: "\n").count <= 20)
    #expect(short.contains("and 192 more reasons (-v shows all)"))
    let long = Self.text(world, .verify, isVerbose: true)
    #expect(long.split(separator: "\n").count { $0.contains("a breakpoint stands in hllMerge") } == 200)
  }

  @Test("A breakpoint is called a breakpoint, with address, function, expected and found bytes")
  func breakpoint() {
    let text = Self.text(World.many(1).patched(drift: .breakpoint), .verify)
    #expect(
      text.contains(
        "a breakpoint stands in hllMerge at 0x55d0 (debug-verbosity): expected e9 01 02 03 04, found cc 01 02 03 04 [LP0310]"
      ))
    #expect(text.contains("drifted"))
  }

  @Test("A newer file on disk is mentioned")
  func disk() {
    var world = World.many(1).patched()
    world.observed.buildsOnDisk = [world.observed.processes[0].identity: ["/usr/bin/redis-server": World.newer]]
    #expect(
      Self.text(world, .status).contains("disk has another build (77aac0de): a restart ends the need for a patch here"))
  }

  @Test("What a process calls itself cannot command a terminal")
  func hostileTitle() {
    var world = World.many(1)
    world.observed.processes[0].arguments = ["\u{1b}]0;owned\u{7}\u{202e}x"]
    #expect(!Self.text(world, .plan).unicodeScalars.contains { $0.value < 32 && $0 != "\n" || $0.value == 0x202e })
  }
}
