import Testing
import VictimKit

@Suite("Every message has a code, and every code an explanation")
struct ExplainTests {
  @Test("Every code in the sources is explained")
  func everyCode() throws {
    let list = try Program.run(["explain"]).output
    let known = Set(list.split(separator: "\n").map { String($0.prefix(6)) })
    let found = try Command.output(["/usr/bin/grep", "-rhoE", "LP[0-9]{4}", Checkout.root + "/Sources"])
    let used = Set(found.split(separator: "\n").map(String.init))
    #expect(used.count > 60)
    #expect(used.subtracting(known).sorted() == [])
    for code in known.sorted() {
      let one = try Program.run(["explain", code])
      #expect(one.status == 0 && one.output.contains("next: "), "\(code)")
    }
  }

  @Test("An unknown code is an error with a next step")
  func unknown() throws {
    let done = try Program.run(["explain", "LP9999"])
    #expect(done.status == 1)
    #expect(done.errors.contains("LP0618"))
  }
}
