import CTrace
import Glibc
import LiveProcess
import Testing
import VictimKit

/// The tracing tests' victim and what they do to it.
struct TraceVictim {
  let victim: Victim
  let identity: ProcessIdentity
  let sites: RemoteCallSites

  /// `kind`: a kind of work of `Tests/Victims/trace.c`.
  init(_ kind: String, onOwnThread: Bool = false) throws {
    let program = try VictimProgram.compile("trace.c")
    victim = try Victim(program, arguments: onOwnThread ? [kind, "thread"] : [kind])
    let pid = ProcessID(victim.pid)
    identity = ProcessIdentity(pid: pid, startTime: try ProcessStat.read(pid).startTime)
    sites = try RemoteCallSites.find(in: MemoryMap.read(pid), memory: RemoteMemory(of: pid))
  }

  struct Status: Equatable {
    var loops: Int
    var interrupted: Int
    var errors: Int
  }

  func status() throws -> Status {
    let words = try victim.ask("status").split(separator: " ").map { Int($0) ?? -1 }
    #expect(words.count == 4)
    return Status(loops: words[1], interrupted: words[2], errors: words[3])
  }

  /// It works on, has found no error, and is neither traced nor stopped.
  func expectUnharmed(
    interrupted: Int? = 0, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try status()
    #expect(
      try eventually { try status().loops > before.loops }, "it works on", sourceLocation: sourceLocation)
    let after = try status()
    #expect(after.errors == 0, comment, sourceLocation: sourceLocation)
    if let interrupted { #expect(after.interrupted == interrupted, comment, sourceLocation: sourceLocation) }
    #expect(try victim.status("TracerPid") == "0", comment, sourceLocation: sourceLocation)
    for thread in try Command.output(["sh", "-c", "cat /proc/\(victim.pid)/task/*/stat 2>/dev/null || true"]).split(
      separator: "\n")
    {
      let state = thread.split(separator: ")").last?.split(separator: " ").first
      #expect(state != "t" && state != "T", comment, sourceLocation: sourceLocation)
    }
  }

  /// Makes calls in a thread of the victim that runs on otherwise.
  func call<Result: Sendable>(
    _ numbers: [Int], limit: Duration = .seconds(60),
    _ body: @escaping @Sendable (inout RemoteCall) throws(TraceRefused) -> Result
  ) throws(TraceRefused) -> Result {
    let (identity, sites) = (identity, sites)
    return try TracerThread.run { () throws(TraceRefused) -> Result in
      try RemoteCallSession.run(
        on: identity, calls: numbers.map { RemoteSystemCall($0) }, at: sites, limit: limit, body)
    }
  }

  /// Stops all threads, does something, and resumes them.
  func stop<Result: Sendable>(
    within limit: Duration = .seconds(60),
    _ body: @escaping @Sendable (inout StoppedProcess) throws(TraceRefused) -> Result
  ) throws(TraceRefused) -> Result {
    let identity = identity
    return try TracerThread.run { () throws(TraceRefused) -> Result in
      var stopped = try SeizedProcess.seize(identity).stop(before: .now + limit)
      let result = try body(&stopped)
      stopped.resume()
      return result
    }
  }

  /// The driver that may be killed.
  static let driver: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return parts.joined(separator: "/") + "/.build/release/TraceDriver"
  }()
}
