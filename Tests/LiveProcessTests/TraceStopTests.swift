import Glibc
import LiveProcess
import Patch
import Testing
import VictimKit

@Suite("A stopped process goes on as if nothing had been", .needsRoot)
struct TraceStopTests {
  @Test(
    "A blocked call is not ended by a hundred stops",
    arguments: ["nanosleep", "epoll_wait", "read", "futex", "poll", "sigtimedwait", "semtimedop", "recv"],
    [false, true])
  func blocked(kind: String, onOwnThread: Bool) throws {
    let victim = try TraceVictim(kind, onOwnThread: onOwnThread)
    #expect(try eventually { try victim.status().loops > 1 })
    for _ in 0..<100 { _ = try victim.stop { stopped in stopped.threads.count } }
    try victim.expectUnharmed()
  }

  @Test("All of a thousand threads stand, and run on")
  func thousand() throws {
    let victim = try TraceVictim("threads")
    #expect(try eventually { try victim.victim.status("Threads") == "1002" })
    for _ in 0..<5 { #expect(try victim.stop { stopped in stopped.threads.count } == 1002) }
    try victim.expectUnharmed()
  }

  @Test("Threads that are born meanwhile stand too")
  func births() throws {
    let victim = try TraceVictim("births")
    let pid = victim.victim.pid
    for _ in 0..<300 {
      let (stood, listed) = try victim.stop { stopped in
        (Set(stopped.threads.map(\.tid)), LiveThreads.of(pid))
      }
      #expect(listed.isSubset(of: stood))
    }
    try victim.expectUnharmed()
  }

  @Test("Of signals sent a thousand times a second none is lost")
  func storm() throws {
    let victim = try TraceVictim("storm")
    for _ in 0..<300 {
      _ = try victim.stop { stopped in stopped.threads.count }
      _ = try victim.call([39]) { call throws(TraceRefused) in try call.perform(39) }
    }
    #expect(
      try eventually {
        let counts = try victim.victim.ask("storm").split(separator: " ").map { Int($0) ?? -1 }
        return counts[0] > 100 && counts[0] - counts[1] <= 1
      })
    // An error is a value that did not come in its turn.
    try victim.expectUnharmed(interrupted: nil)
  }

  @Test("A process stopped by a signal stays stopped, and continues when told")
  func groupStop() throws {
    let victim = try TraceVictim("spin")
    victim.victim.signal(SIGSTOP)
    #expect(try eventually { try victim.victim.status("State").hasPrefix("T") })
    for _ in 0..<20 {
      _ = try victim.stop { stopped in stopped.threads.count }
      let pid = try victim.call([39]) { call throws(TraceRefused) in try call.perform(39) }
      #expect(pid == Int64(victim.victim.pid))
      try #require(try eventually { try victim.victim.status("State") == "T (stopped)" })
      #expect(try victim.victim.status("TracerPid") == "0")
    }
    victim.victim.signal(SIGCONT)
    try victim.expectUnharmed()
  }

  @Test("A leader that has ended before its threads holds nothing up")
  func zombieLeader() throws {
    let victim = try TraceVictim("leader")
    #expect(try victim.victim.ask("leave") == "1")
    #expect(try eventually { try victim.victim.status("State").hasPrefix("Z") })
    #expect(try victim.stop { stopped in stopped.threads.count } == 2)
    let pid = try victim.call([39]) { call throws(TraceRefused) in try call.perform(39) }
    #expect(pid == Int64(victim.victim.pid))
    #expect(try victim.status().errors == 0)
  }

  @Test("A process that dies in the stop is gone, not waited for")
  func dies() throws {
    for kind in ["threads", "arithmetic"] {
      let victim = try TraceVictim(kind)
      let pid = victim.victim.pid
      let error = try victim.stop { stopped -> TraceRefused? in
        kill(pid, SIGKILL)
        guard let thread = stopped.threads.last else { return .gone }
        // The signal is on its way; until it arrives the registers can still be written.
        while true {
          do throws(TraceRefused) { try stopped.setRegisters(thread.registers, of: thread.tid) } catch { return error }
        }
      }
      switch error {
      case .gone, .threadEnded: break
      default: Issue.record("\(String(describing: error))")
      }
      #expect(victim.victim.end() == 128 + SIGKILL)
      #expect(throws: TraceRefused.gone) { try victim.stop { _ in } }
    }
  }

  @Test("The parent in a vfork does not stop: all run on, and the thread is named")
  func vfork() throws {
    let victim = try TraceVictim("vfork")
    #expect(eventually { SharedAddressSpace.other(than: victim.identity.pid) != nil })
    let pid = victim.victim.pid
    #expect(throws: TraceRefused.stopTooLong(thread: pid, state: "D")) {
      try victim.stop(within: .milliseconds(50)) { _ in }
    }
    #expect(try eventually { try victim.victim.status("TracerPid") == "0" })
    #expect(try victim.status().errors == 0)
  }

  @Test("A process that shares its memory with none is told from one that does")
  func shares() throws {
    let victim = try TraceVictim("spin")
    #expect(SharedAddressSpace.other(than: victim.identity.pid) == nil)
  }

  @Test("Who traces it already is named")
  func traced() throws {
    let victim = try TraceVictim("spin")
    let strace = try ChildProcess(["strace", "-qq", "-o", "/dev/null", "-p", "\(victim.victim.pid)"])
    #expect(try eventually { try victim.victim.status("TracerPid") == "\(strace.pid)" })
    #expect(throws: TraceRefused.traced(by: strace.pid, name: "strace")) { try victim.stop { _ in } }
  }

  @Test("Another process under the same number is not touched")
  func replaced() throws {
    let victim = try TraceVictim("spin")
    let other = ProcessIdentity(pid: victim.identity.pid, startTime: victim.identity.startTime + 1)
    #expect(throws: TraceRefused.replaced) {
      try TracerThread.run { () throws(TraceRefused) in
        try SeizedProcess.seize(other).release()
      }
    }
    try victim.expectUnharmed()
  }

  @Test("A tool that hangs in the stop is killed by its bound, and the process goes on")
  func bound() throws {
    let victim = try TraceVictim("arithmetic")
    var driver = try ChildProcess([TraceVictim.driver, "\(victim.victim.pid)", "hang", "300"])
    #expect(try driver.readLine(until: .now + .seconds(120)) == "stopped 2")
    // Not even a stopped tool holds it longer.
    kill(driver.pid, SIGSTOP)
    let hasEnded = eventually { driver.hasEnded() }
    // Without the bound it would hold the process for ever: end it here.
    if !hasEnded { kill(driver.pid, SIGKILL) }
    #expect(hasEnded && driver.wait() == 128 + SIGKILL)
    try victim.expectUnharmed()
  }

  @Test(
    "Text is written by both ways, across words and at the end of a page",
    arguments: [CodeWriter.Route.memoryFile, .words])
  func writes(route: CodeWriter.Route) throws {
    let victim = try TraceVictim("spin")
    let pid = victim.identity.pid
    // Read-only code that it does not run: the end of the dynamic linker's first executable page.
    let map = try MemoryMap.read(pid)
    let code = try #require(map.mappings.first { $0.path.contains("/ld-linux") && $0.permissions.contains(.execute) })
    for offset: UInt64 in [0x100, 0x103, 4096 - 5] {
      let address = try #require(code.range.lowerBound.advanced(by: offset))
      let wanted: [UInt8] = [0xe9, 1, 2, 3, 4]
      let seen = try victim.stop { stopped -> [UInt8]? in
        guard let memory = try? RemoteMemory(of: pid, forWriting: true), let again = try? RemoteMemory(of: pid),
          let before = try? again.read(24, at: RemoteAddress(address.value - 8))
        else { return nil }
        let writer = CodeWriter(through: pid.value, by: route)
        guard (try? writer.write(wanted, at: address, in: memory)) != nil,
          let after = try? again.read(24, at: RemoteAddress(address.value - 8)),
          (try? writer.write(Array(before[8..<13]), at: address, in: memory)) != nil,
          after[..<8] == before[..<8], after[13...] == before[13...]
        else { return nil }
        return Array(after[8..<13])
      }
      #expect(seen == wanted)
    }
    try victim.expectUnharmed()
  }
}

enum LiveThreads {
  /// The threads that procfs lists and that have not ended.
  static func of(_ pid: Int32) -> Set<Int32> {
    let text = try? Command.output(["sh", "-c", "cat /proc/\(pid)/task/*/stat 2>/dev/null || true"])
    var threads: Set<Int32> = []
    for line in (text ?? "").split(separator: "\n") {
      let state = line.split(separator: ")").last?.split(separator: " ").first
      if state != "Z" && state != "X", let tid = line.split(separator: " ").first.flatMap({ Int32($0) }) {
        threads.insert(tid)
      }
    }
    return threads
  }
}
