import Glibc
import LiveProcess
import Testing
import VictimKit

@Suite("A remote call leaves no trace", .needsRoot)
struct RemoteCallTests {
  private static let getpid = 39

  @Test(
    "Hundreds of calls harm no work",
    arguments: [
      "arithmetic", "malloc", "blocked", "nanosleep", "epoll_wait", "read", "futex", "poll", "sigtimedwait",
      "semtimedop", "recv", "storm",
    ], [false, true])
  func harmless(kind: String, onOwnThread: Bool) throws {
    let victim = try TraceVictim(kind, onOwnThread: onOwnThread)
    #expect(try eventually { try victim.status().loops > 1 })
    let pid = Int64(victim.victim.pid)
    for _ in 0..<200 {
      let isRight = try victim.call([39, 9, 11]) { call throws(TraceRefused) -> Bool in
        let place = try call.perform(9, 0, 8192, 1, 0x22, .max, 0)
        guard place > 0 else { return false }
        let number = try call.perform(39)
        let unmapped = try call.perform(11, UInt64(place), 8192)
        return number == pid && unmapped == 0
      }
      #expect(isRight)
    }
    try victim.expectUnharmed(interrupted: kind == "storm" ? nil : 0)
  }

  @Test("A failing call's error comes back")
  func error() throws {
    let victim = try TraceVictim("spin")
    #expect(try victim.call([3]) { call throws(TraceRefused) in try call.perform(3, 9999) } == Int64(-EBADF))
    try victim.expectUnharmed()
  }

  @Test("A call in a full stop goes by the same way")
  func inStop() throws {
    let victim = try TraceVictim("arithmetic")
    let sites = victim.sites
    for _ in 0..<50 {
      let pid = try victim.stop { stopped throws(TraceRefused) -> Int64 in
        let tid = try stopped.usableThread(for: [RemoteSystemCall(39)], at: sites)
        return try stopped.withRemoteCalls(in: tid, at: sites, before: .now + .seconds(60)) {
          call throws(TraceRefused) in try call.perform(39)
        }
      }
      #expect(pid == Int64(victim.victim.pid))
    }
    try victim.expectUnharmed()
  }

  @Test("A thread in a restartable sequence is sent to its abort address")
  func restartableSequence() throws {
    let victim = try TraceVictim("rseq")
    #expect(try eventually { try victim.status().loops > 1 })
    let area = try victim.victim.ask("area").split(separator: " ").compactMap { UInt64($0, radix: 16) }
    let (sites, pid) = (victim.sites, victim.victim.pid)
    // Where a stop finds the thread is the scheduler's choice: on a busy machine it has mostly been sent to its
    // abort address already, by the preemption itself.
    var inside = 0
    let deadline = ContinuousClock.now + .seconds(60)
    while inside < 10 {
      try #require(.now < deadline, "found inside the sequence only \(inside) times")
      let before = try aborts(victim)
      let loops = try victim.status().loops
      let wasInside = try victim.stop { stopped throws(TraceRefused) -> Bool in
        guard let thread = stopped.threads.first(where: { $0.tid == pid }) else { return false }
        _ = try stopped.withRemoteCalls(in: pid, at: sites, before: .now + .seconds(60)) {
          call throws(TraceRefused) in try call.perform(39)
        }
        // The kernel compares the abort address, not where it stood: behind the end it is not inside.
        return (area[0]..<area[1]).contains(thread.registers.rip)
      }
      guard wasInside else { continue }
      inside += 1
      #expect(try eventually { try victim.status().loops > loops })
      #expect(try aborts(victim) > before)
    }
    try victim.expectUnharmed()
  }

  private func aborts(_ victim: TraceVictim) throws -> Int {
    Int(try victim.victim.ask("area").split(separator: " ")[2]) ?? -1
  }

  @Test("A thread whose filter forbids a call is passed over")
  func filterOnOne() throws {
    let victim = try TraceVictim("filter-one")
    #expect(try eventually { try victim.status().loops > 1 })
    let tid = try victim.call([319, 3]) { call throws(TraceRefused) -> Int32 in
      let descriptor = try call.perform(319, 0, 0)  // EFAULT: the name is at no address
      return descriptor == Int64(-EFAULT) ? call.tid : -1
    }
    #expect(tid > 0 && tid != victim.victim.pid)
    try victim.expectUnharmed()
  }

  @Test(
    "Where all filters forbid a call it is refused by name, and others are made",
    arguments: ["filter-all", "filter-list"])
  func filterOnAll(kind: String) throws {
    let victim = try TraceVictim(kind)
    #expect(try eventually { try victim.status().loops > 1 })
    do {
      _ = try victim.call([319]) { call throws(TraceRefused) in try call.perform(319, 0, 0) }
      Issue.record("made although forbidden")
    } catch TraceRefused.noUsableThread(let threads) {
      #expect(threads.count == 2 && threads.allSatisfy { $0.reason == .seccomp(call: 319) })
    }
    let pid = try victim.call([39]) { call throws(TraceRefused) in try call.perform(39) }
    #expect(pid == Int64(victim.victim.pid))
    try victim.expectUnharmed()
  }

  @Test("A small stack of a coroutine is not written below: another thread makes the call")
  func coroutine() throws {
    let victim = try TraceVictim("coroutine")
    #expect(try eventually { try victim.status().loops > 1 })
    let tid = try victim.call([39]) { call throws(TraceRefused) -> Int32 in
      _ = try call.perform(39)
      return call.tid
    }
    #expect(tid != victim.victim.pid)
    try victim.expectUnharmed()
  }

  @Test("The signal mask is the same afterwards")
  func mask() throws {
    let victim = try TraceVictim("blocked")
    #expect(try eventually { try victim.status().loops > 1 })
    let before = try victim.victim.ask("mask")
    for _ in 0..<50 { _ = try victim.call([39]) { call throws(TraceRefused) in try call.perform(39) } }
    try victim.expectUnharmed()
    #expect(try victim.victim.ask("mask") == before)
  }

  @Test(
    "A tool killed at its Nth system call leaves the victim right, for every N",
    arguments: ["arithmetic", "nanosleep", "epoll_wait", "read", "futex", "malloc", "blocked", "storm"])
  func killed(kind: String) throws {
    let victim = try TraceVictim(kind)
    #expect(try eventually { try victim.status().loops > 1 })
    let killer = try VictimProgram.compile("tracekill.c")
    var kills = 0
    for number in 1... {
      let said =
        try Command.run(
          [killer.path, "\(number)", TraceVictim.driver, "\(victim.victim.pid)", "calls", "1"]
        ).output.split(separator: "\n").last ?? ""
      try #require(said.hasPrefix("killed") || said.hasPrefix("ended 0"), "\(said)")
      // A call may end with EINTR when the tool has died, but the tool living it may not.
      try victim.expectUnharmed(interrupted: nil, "killed at \(number): \(said)")
      if said.hasPrefix("ended") { break }
      kills += 1
    }
    print("\(kind): killed at \(kills) system calls")
    #expect(kills > 60)
    if kind == "storm" {
      #expect(
        try eventually {
          let counts = try victim.victim.ask("storm").split(separator: " ").map { Int($0) ?? -1 }
          return counts[0] - counts[1] <= 1
        })
    }
  }
}
