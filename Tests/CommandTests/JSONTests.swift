import LiveProcess
import Manifest
import Patch
import Reconciler
import Testing
import VictimKit

@Suite("Standard output holds one JSON document that satisfies the schema", .needsRoot)
struct JSONTests {
  static func check(_ json: String) throws -> String {
    let script = """
      import json, jsonschema, sys
      schema = json.load(open(sys.argv[1]))
      for error in jsonschema.Draft7Validator(schema).iter_errors(json.load(sys.stdin)):
          print(list(error.absolute_path), error.message[:300])
          for inner in error.context: print('  ', list(inner.absolute_path), inner.message[:300])
      """
    let done = try Command.run(
      ["/usr/bin/python3", "-W", "ignore", "-c", script, Checkout.root + "/schema/report-v1.schema.json"], input: json)
    return done.status == 0 ? done.output : "status \(done.status): \(done.errors)"
  }

  @Test(
    "Of every command, in success and in error",
    arguments: [
      ["status"], ["verify"], ["plan", "M"], ["plan", "/nonexistent.yaml"], ["validate", "M"], ["apply", "--yes", "M"],
      ["validate", "/nonexistent.yaml"], ["inspect", "/nonexistent.lpatch"], ["config"], ["plan", "--bogus"],
      ["revert", "--patch", "no-such-patch"], ["apply", "--plan", "/nonexistent.plan"],
    ])
  func real(arguments: [String]) throws {
    let folder = try TemporaryDirectory()
    _ = try Command.run(["/bin/sh", "-c", "cat > '\(folder.file("m.yaml"))'"], input: Program.manifest)
    let done = try Program.run(arguments.map { $0 == "M" ? folder.file("m.yaml") : $0 } + ["--format", "json"])
    #expect(try Self.check(done.output) == "")
    #expect(done.output.contains("\"formatVersion\" : \"1.0\""))
  }

  @Test("Of inspect and build: done, and refused")
  func files() throws {
    let shop = try DeskShop.open()
    let folder = try TemporaryDirectory()
    let inspect = try Program.run(["inspect", shop.artifact, "--format", "json"])
    #expect(try inspect.status == 0 && Self.check(inspect.output) == "")
    #expect(inspect.output.contains("\"kind\" : \"Artifact\""))
    let damaged = try Program.run(["inspect", shop.desk, "--format", "json"])
    #expect(try damaged.status == 1 && Self.check(damaged.output) == "")
    let source = String(shop.artifact.dropLast("every-item.lpatch".count)) + "fix.c"
    func build(_ function: String) throws -> Command {
      try Program.run([
        "build", "--binary", shop.desk, "--replacement", source, "--replace", function, "--name", "x", "--output",
        folder.file("x.lpatch"), "--format", "json",
      ])
    }
    let built = try build("price")
    #expect(try built.status == 0 && Self.check(built.output) == "", "\(built.errors)")
    #expect(built.output.contains("\"kind\" : \"Build\""))
    let refused = try build("no_such_function")
    #expect(try refused.status == 1 && Self.check(refused.output) == "", "\(refused.output)")
    #expect(Report.read(Array(refused.output.utf8))?.error?.next.isEmpty == false)
  }

  @Test("Of a plan and an execution with everything in it")
  func modelled() throws {
    let origin = Report.Origin(tool: "0", createdAt: "2026-11-23T19:10:19Z", bootId: "b")
    let world = World.many(3)
    let plan = plan(desired: world.desired, observed: world.observed)
    for kind in [Report.Kind.plan, .status, .verify] {
      let report = Report.of(plan, desired: world.desired, kind: kind, origin: origin)
      #expect(try Self.check(report.json()) == "")
      #expect(Report.read(Array(report.json().utf8)) == report)
    }
    let outcomes = plan.processes.map {
      ProcessOutcome(
        process: $0,
        refused: TransitionRefused(
          process: $0.identity,
          reason: .functionInUse(thread: 7, backtrace: [.init(address: RemoteAddress(1), text: "f+0x1")]), tries: 41,
          longestStop: .microseconds(220)), waited: .seconds(30))
    }
    let execution = Execution(outcomes: outcomes, wasInterrupted: false)
    let report = Report.of(execution, desired: world.desired, kind: .apply, origin: origin)
    #expect(try Self.check(report.json()) == "")
    #expect(report.exitStatus == 3)
  }
}
