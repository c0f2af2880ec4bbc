internal import Glibc
internal import LiveProcess

/// A tool of the tests that traces a process and may be killed while it does.
///
///     TraceDriver PID calls COUNT       COUNT times: getpid, mmap and munmap by a remote call
///     TraceDriver PID stops COUNT       COUNT times: all threads stopped and resumed
///     TraceDriver PID hang MILLISECONDS stops all threads and then does nothing, under a bound of so many milliseconds
@main
enum TraceDriver {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let pid = Int32(arguments[1]), let count = Int(arguments[3]) else { exit(64) }
    let identity: ProcessIdentity
    let sites: RemoteCallSites
    do {
      identity = ProcessIdentity(pid: ProcessID(pid), startTime: try ProcessStat.read(ProcessID(pid)).startTime)
      sites = try RemoteCallSites.find(in: MemoryMap.read(ProcessID(pid)), memory: RemoteMemory(of: ProcessID(pid)))
      try work(arguments[2], count, identity, sites)
    } catch {
      print("refused: \(error)")
      exit(3)
    }
    print("done")
  }

  private static func work(_ kind: String, _ count: Int, _ identity: ProcessIdentity, _ sites: RemoteCallSites) throws {
    try TracerThread.run { () throws(TraceRefused) in
      switch kind {
      case "calls":
        for _ in 0..<count {
          try RemoteCallSession.run(
            on: identity, calls: [RemoteSystemCall(39), RemoteSystemCall(9), RemoteSystemCall(11)], at: sites,
            limit: .seconds(60)
          ) { call throws(TraceRefused) in
            guard try call.perform(39) == Int64(identity.pid.value) else { throw .unsupported("getpid is wrong") }
            let place = try call.perform(9, 0, 8192, 1, 0x22, .max, 0)
            guard place > 0, try call.perform(11, UInt64(place), 8192) == 0 else { throw .unsupported("mmap is wrong") }
          }
        }
      case "stops":
        for _ in 0..<count {
          let priority = RealtimePriority()
          let bound = try StopBound.arm(limit: .seconds(60))
          let stopped = try SeizedProcess.seize(identity).stop(before: bound.deadline(threads: 1))
          stopped.resume()
          _ = bound.disarm()
          priority.end()
        }
      default:
        let bound = try StopBound.arm(limit: .milliseconds(count))
        let stopped = try SeizedProcess.seize(identity).stop(before: .now + .seconds(1))
        let text = Array("stopped \(stopped.threads.count)\n".utf8)
        // SAFETY: the count is the array's.
        _ = unsafe write(1, text, text.count)
        while true { pause() }
        stopped.resume()
        _ = bound.disarm()
      }
    }
  }
}
