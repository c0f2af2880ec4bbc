import LiveProcess
import Patch
import Testing
import VictimKit

@Suite("The memory of a process is read and written exactly", .needsRoot)
struct ObserveMemoryTests {
  private func address(of name: String, in victim: Victim) throws -> RemoteAddress {
    let text = try victim.ask("address \(name)")
    return RemoteAddress(try #require(UInt64(text.dropFirst(2), radix: 16)))
  }

  @Test("A value is read and written in place")
  func value() throws {
    let victim = try Victim("service.c")
    let place = try address(of: "verbosity", in: victim)
    let memory = try RemoteMemory(of: ProcessID(victim.pid), forWriting: true)
    #expect(try memory.integer(Int32.self, at: place) == 2)
    try memory.write([7, 0, 0, 0], at: place)
    #expect(try victim.ask("value") == "7")
    #expect(try memory.read(4, at: place) == [7, 0, 0, 0])
  }

  @Test("Text can be written although it is mapped read-only")
  func text() throws {
    let victim = try Victim("service.c")
    let place = try address(of: "exported_answer", in: victim)
    let memory = try RemoteMemory(of: ProcessID(victim.pid), forWriting: true)
    // mov $42,%eax; ret
    try memory.write([0xb8, 42, 0, 0, 0, 0xc3], at: place)
    #expect(try victim.ask("exported 4") == "42")
  }

  @Test("A read beyond a mapping's end is short, and says by how much")
  func short() throws {
    let victim = try Victim("service.c")
    let map = try MemoryMap.read(ProcessID(victim.pid))
    let last = try #require(
      map.mappings.first { one in
        one.permissions.contains(.read) && map.mapping(at: one.range.upperBound) == nil
      })
    let memory = try RemoteMemory(of: ProcessID(victim.pid))
    let place = RemoteAddress(last.range.upperBound.value - 3)
    #expect(
      throws: MemoryAccessFailed(
        operation: .read, process: ProcessID(victim.pid), address: place, count: 8, done: 3, errno: 0)
    ) { try memory.read(8, at: place) }
    #expect(throws: MemoryAccessFailed.self) { try memory.read(1, at: RemoteAddress(.max)) }
    #expect(throws: MemoryAccessFailed.self) { try memory.read(1, at: RemoteAddress(0)) }
    _ = try victim.ask("value")
  }

  @Test("After an exec, memory opened before reads nothing of the new program")
  func exec() throws {
    let victim = try Victim("service.c")
    let place = try address(of: "verbosity", in: victim)
    let memory = try RemoteMemory(of: ProcessID(victim.pid))
    let handle = try ProcessHandle(ProcessID(victim.pid))
    let before = try ProcessStat.read(ProcessID(victim.pid))
    let aliveBefore = memory.isAlive(known: place)
    #expect(aliveBefore)
    #expect(try victim.ask("exec \(victim.program.path)") == "ready")
    let aliveAfter = memory.isAlive(known: place)
    #expect(!aliveAfter)
    // The number, the start time and the pidfd stay; the image does not.
    let runs = handle.isRunning
    #expect(runs)
    let after = try ProcessStat.read(ProcessID(victim.pid))
    #expect(after.startTime == before.startTime)
    #expect(after.image != before.image)
  }

  @Test("A process that ended is gone, and one of another start time is another")
  func gone() throws {
    let victim = try Victim("service.c")
    let process = ProcessID(victim.pid)
    let handle = try ProcessHandle(process)
    let runs = handle.isRunning
    #expect(runs)
    #expect(throws: ProcessUnreadable.gone) {
      _ = try ProcessHandle(ProcessIdentity(pid: process, startTime: handle.identity.startTime - 1))
    }
    victim.signal(9)
    #expect(eventually { !handle.isRunning })
    victim.end()
    #expect(throws: ProcessUnreadable.gone) { _ = try ProcessHandle(process) }
    #expect(throws: ProcessUnreadable.gone) { _ = try RemoteMemory(of: process) }
    #expect(throws: ProcessUnreadable.gone) { _ = try MemoryMap.read(process) }
  }
}
