import Testing
import VictimKit

/// The acts of `make demo`: each ends with a failure at the first surprise, a wrong or missing answer to any client included.
@Suite("Real services are fixed while they run, and no client gets a wrong answer", .needsRoot, .serialized)
struct DemoTests {
  @Test(
    "An act of the demo goes as it should",
    arguments: ["orders", "redis", "python", "git"])
  func act(name: String) throws {
    let act = try Command.run([Checkout.root + "/demo/run", name], deadline: .seconds(240))
    #expect(act.status == 0, "demo/run \(name) said:\n\(act.output)\n\(act.errors)")
  }
}
