import LiveProcess
import Patch
import VictimKit

/// What the stack check says of one run of `Tests/Victims/stack.c`.
struct StackVictim {
  let findings: StackFindings
  let pid: Int32
  let threads: [StoppedThread]
  /// The section that all watched functions lie in.
  let watched: Range<RemoteAddress>
  /// The first use's backtrace, named after the resume.
  var names: [String] = []

  /// Which bytes are about to change: at most one place.
  enum Place { case none, of(function: String) }

  /// Starts the victim, waits until it stands, stops it and looks.
  static func look(
    _ how: String, threads: Int = 0, place: Place = .none, checksStacks: Bool = true, compiler: String = "gcc",
    flags: [String] = ["-O2", "-fomit-frame-pointer", "-pthread"], stripped: Bool = false, forgetsTables: Bool = false
  ) throws -> StackVictim {
    let program = try VictimProgram.compile("stack.c", compiler: compiler, flags: flags, stripped: stripped)
    let arguments = [how] + (threads > 0 ? [String(threads)] : [])
    return try Victim.with(program, arguments: arguments) { victim in
      let bounds = try victim.ask("range").split(separator: " ").compactMap { UInt64($0, radix: 16) }
      guard bounds.count == 2 else { throw VictimTrouble("no range") }
      let watched = RemoteAddress(bounds[0])..<RemoteAddress(bounds[1])
      var places: [Range<RemoteAddress>] = []
      if case .of(let function) = place {
        guard let start = UInt64(try victim.ask(function), radix: 16) else { throw VictimTrouble("no place") }
        places = [RemoteAddress(start)..<RemoteAddress(start + 5)]
      }
      // The thread that has said that it stands goes on to pause(2): wait until it is there.
      let name = threads > 0 ? nil : victim.pid
      guard how == "loop" || eventually({ name.map(Self.isInPause) ?? true }) else {
        throw VictimTrouble("does not stand")
      }
      let process = ProcessID(victim.pid)
      let map = try MemoryMap.read(process)
      let memory = try RemoteMemory(of: process)
      let tables = forgetsTables ? UnwindTables([]) : UnwindTables(of: map, memory: memory, images: [])
      let source = try LiveStackSource(process, map: map)
      var check = StackCheck<LiveStackSource>(tables: tables, threads: threads + 2)
      var seen: StackVictim?
      // A thread that runs, and does not block, may still be on its way.
      _ = try eventually {
        let look = try FrozenThreads.with(victim.pid) { stopped in
          source.beginStop()
          let scan = StackScan(functions: checksStacks ? [watched] : [], places: places)
          let findings = check.check(scan, threads: stopped, pid: victim.pid, source: source)
          return StackVictim(findings: findings, pid: victim.pid, threads: stopped, watched: watched)
        }
        seen = look
        return how != "loop" || !look.findings.inside.isEmpty
      }
      guard var seen else { throw VictimTrouble("never looked") }
      var names = FrameNames(of: process, map: map)
      seen.names = seen.findings.uses.first?.backtrace.map { names.named($0).text } ?? []
      return seen
    }
  }

  private static func isInPause(_ pid: Int32) -> Bool {
    // pause(2) is call 34 of x86-64.
    (try? Command.output(["cat", "/proc/\(pid)/syscall"]).hasPrefix("34 ")) ?? false
  }
}
