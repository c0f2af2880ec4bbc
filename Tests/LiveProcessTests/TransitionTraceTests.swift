import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("The tool's own system calls, as strace sees them", .needsRoot)
struct TransitionTraceTests {
  /// One call of the tracing thread.
  private struct Call {
    var name: Substring
    var text: Substring
    /// For a write to a file: how much and where.
    var count = 0
    var offset: UInt64 = 0
  }

  /// The calls of a whole transition, in their order.
  private static func calls(_ subject: SwitchVictim, _ how: String) throws -> [Call] {
    let directory = try TemporaryDirectory()
    let file = directory.file("trace")
    let run = try Command.run(
      [
        "strace", "-f", "-qq", "-y", "-s", "0", "-e", "trace=ptrace,pwrite64,sched_setattr,timer_settime", "-o", file,
      ] + TransitionDriverProgram.arguments(subject, how))
    try #require(run.output.contains("done"), "\(run.output)\(run.errors)")
    return try Command.output(["cat", file]).split(separator: "\n").compactMap { line in
      // NUMBER NAME(ARGUMENTS) = RESULT
      let text = line.drop { $0.isNumber || $0 == " " }
      guard let open = text.firstIndex(of: "("), !text.contains("resumed>") else { return nil }
      var call = Call(name: text[..<open], text: text)
      if call.name == "pwrite64" {
        let words = text.split(separator: ",").map { $0.drop { $0 == " " } }
        guard words.count >= 4, let end = words[3].firstIndex(of: ")") else { return nil }
        call.count = Int(words[2]) ?? 0
        call.offset = UInt64(words[3][..<end]) ?? 0
      }
      return call
    }
  }

  @Test("200 functions take one write for each page to arm and one to settle, and none crosses a page")
  func writesByPage() throws {
    let subject = try SwitchVictim(functions: 200)
    let first = try subject.address(of: "function_0").value
    let last = try subject.address(of: "function_199").value
    let pages = Set((0..<200).map { (first + UInt64($0) * 128) >> 12 })
    for how in ["on", "off"] {
      let writes = try Self.calls(subject, how).filter {
        $0.name == "pwrite64" && $0.text.contains("/\(subject.victim.pid)/mem>")
      }
      let text = writes.filter { $0.offset >= first && $0.offset < last + 128 }
      #expect(text.count == 2 * pages.count, "\(text.map(\.text))")
      for page in pages { #expect(text.count { $0.offset >> 12 == page } == 2) }
      for write in text {
        #expect(write.count > 0 && write.offset >> 12 == (write.offset + UInt64(write.count) - 1) >> 12)
      }
    }
  }

  @Test("In the stop of all threads the tool runs at a real-time priority, and gives it back")
  func priority() throws {
    let subject = try SwitchVictim(functions: 20)
    let calls = try Self.calls(subject, "on")
    let changes = calls.indices.filter { calls[$0].name == "sched_setattr" }
    try #require(changes.count >= 2)
    let (raised, lowered) = (changes[0], changes[1])
    #expect(calls[raised].text.contains("SCHED_FIFO"))
    #expect(!calls[lowered].text.contains("SCHED_FIFO"))
    // The switch's stop is the only one with more than one thread.
    let interrupts = calls.indices.filter { calls[$0].text.contains("PTRACE_INTERRUPT") }
    let inside = interrupts.filter { $0 > raised && $0 < lowered }
    #expect(inside.count >= 5, "all of its threads")
    let writes = calls.indices.filter {
      calls[$0].name == "pwrite64" && calls[$0].text.contains("/\(subject.victim.pid)/mem>")
    }
    let first = try subject.address(of: "function_0").value
    let text = writes.filter { calls[$0].offset >= first && calls[$0].offset < first + 20 * 128 }
    #expect(!text.isEmpty && text.allSatisfy { $0 > raised && $0 < lowered })
    let detached = calls.indices.last { calls[$0].text.contains("PTRACE_DETACH") && $0 < lowered }
    #expect(detached.map { $0 > text[text.count - 1] } ?? false, "given back when the threads run again")
    #expect(!calls[lowered...].contains { $0.text.contains("PTRACE_INTERRUPT") } || changes.count > 2)
  }
}
