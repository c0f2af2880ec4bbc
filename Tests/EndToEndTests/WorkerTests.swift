import Testing
import VictimKit

@Suite("A worker that is lost is reported, and costs no process anything", .needsRoot)
struct WorkerTests {
  @Test("Held up in the stop it is ended by its timer; apply lives on, says so and retries")
  func heldUp() throws {
    let files = try PatchFiles(.manyFunctions, maxStop: "400ms", retryFor: "6s")
    let subject = try ServedVictim("spin", files)
    let other = try ServedVictim("spin", files)
    // Each write to the one victim's memory takes longer than a stop may be: all attempts fail.
    let (one, two) = (subject.victim.pid, other.victim.pid)
    let delayed = try Command.run(
      [
        "strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=pwrite64", "-o", "/dev/null", "-P", "/proc/\(one)/mem",
        "--inject=pwrite64:delay_enter=1000000",
      ] + subject.command(isOn: true, ["--pid", String(two), "--format", "json"]))
    #expect(delayed.status == 3, "\(delayed.output)\(delayed.errors)")
    #expect(delayed.output.contains("LP0532"), "\(delayed.output)")
    let attempts = try Regex("\"pid\" : \(one),[\\s\\S]*?\"tries\" : ([0-9]+)", as: (Substring, Substring).self)
    let tries = try #require(delayed.output.firstMatch(of: attempts), "\(delayed.output)")
    #expect(Int(tries.1).map { $0 > 1 } ?? false, "\(delayed.output)")
    try other.expectUnharmed("another worker was ended")
    #expect(try other.victim.ask("report") == other.report(isOn: true))
    try subject.expectUnharmed("the worker was ended")
    #expect(try subject.victim.ask("report") == subject.report(isOn: false))
    let next = try Command.run(subject.command(isOn: true))
    #expect(next.status == 0, "\(next.output)\(next.errors)")
    #expect(try subject.victim.ask("report") == subject.report(isOn: true))
  }

  @Test("A stream that is no request ends a worker, and no more")
  func noRequest() throws {
    let run = try Command.run([Checkout.program, "transition-worker"], input: "this is no request\n")
    #expect(run.status == 0)
    #expect(run.output.isEmpty)
  }
}
