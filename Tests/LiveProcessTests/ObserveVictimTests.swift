import Testing
import VictimKit

@Suite("A victim answers, and ends with its test")
struct ObserveVictimTests {
  @Test("It answers line by line")
  func answers() throws {
    let victim = try Victim("service.c")
    #expect(try victim.ask("static 4") == "9")
    #expect(try victim.ask("exported 4") == "14")
    #expect(try victim.ask("busy 2") == "2")
    #expect(try eventually { try victim.ask("calls") != "0" })
    #expect(victim.finish() == 0)
  }

  @Test("One that does not answer is an error and not a hang")
  func silent() throws {
    let victim = try Victim("service.c")
    #expect(throws: VictimTrouble.self) { try victim.hear(deadline: .milliseconds(20)) }
    #expect(victim.end() == 128 + 9)
    #expect(throws: VictimTrouble.self) { try victim.ask("value") }
  }

  @Test("A command's two outputs and its status are collected")
  func command() throws {
    let done = try Command.run(["sh", "-c", "cat; echo no >&2; exit 7"], input: "yes")
    #expect((done.output, done.errors, done.status) == ("yes", "no\n", 7))
  }
}
