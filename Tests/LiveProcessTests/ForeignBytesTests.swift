import Glibc
import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("What somebody else has written is reported, and never overwritten", .needsRoot)
struct ForeignBytesTests {
  /// What another tool puts at a function's entry.
  struct Hook: Sendable, CustomTestStringConvertible {
    var kind: ObservedPatch.Drift.Kind
    var bytes: [UInt8]
    var testDescription: String { "\(kind)" }
  }

  static let hooks = [
    Hook(kind: .breakpoint, bytes: [0xcc]), Hook(kind: .foreignBranch, bytes: [0xe9, 0x10, 0x20, 0x30, 0x40]),
    Hook(kind: .foreignBytes, bytes: [0x0f, 0x0b, 0x0f, 0x0b]),
  ]

  /// A program that calls its function only when it is told to.
  private static func subject() throws -> SwitchVictim { try SwitchVictim(functions: 1, program: "blocked.c") }
  private static let policy = SwitchPolicy(maxStop: .seconds(10), checksStacks: true, retryFor: .milliseconds(200))

  private static func refused(_ subject: SwitchVictim, _ isOn: Bool) -> ObservedPatch.Drift? {
    let error = #expect(throws: TransitionRefused.self) { try subject.run(isOn, policy: policy) }
    guard case .foreignBytes(let drift) = error?.reason else {
      Issue.record("\(String(describing: error))")
      return nil
    }
    #expect(error?.symbol == "function_0")
    return drift
  }

  @Test("Before activation: refused with the bytes", arguments: hooks)
  func before(hook: Hook) throws {
    let subject = try Self.subject()
    let place = try subject.address(of: "function_0")
    let memory = try RemoteMemory(of: subject.process, forWriting: true)
    let original = try memory.read(5, at: place)
    try memory.write(hook.bytes, at: place)
    let found = try memory.read(5, at: place)
    let drift = Self.refused(subject, true)
    #expect(drift?.kind == hook.kind)
    #expect(drift?.address == place && drift?.found == found && drift?.expected == original)
    #expect(try memory.read(5, at: place) == found)
    #expect(try subject.isBare(), "what was loaded for it is gone")
    try memory.write(original, at: place)
    #expect(try subject.run(true, policy: Self.policy).changed)
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("After activation: the revert is refused, and they stay", arguments: hooks)
  func after(hook: Hook) throws {
    let subject = try Self.subject()
    let place = try subject.address(of: "function_0")
    let memory = try RemoteMemory(of: subject.process, forWriting: true)
    _ = try subject.run(true, policy: Self.policy)
    let branch = try memory.read(5, at: place)
    try memory.write(hook.bytes, at: place)
    let found = try memory.read(5, at: place)
    let drift = Self.refused(subject, false)
    #expect(drift?.kind == hook.kind)
    #expect(drift?.found == found && drift?.expected == branch, "\(String(describing: drift))")
    #expect(try memory.read(5, at: place) == found)
    #expect(try subject.states() == ["test": .active, "pair": .active])
    let seen = try PatchReader.read(subject.process).patches.flatMap(\.drift)
    #expect(seen.contains { $0.address == place && $0.found == found })
    // The other tool takes its own away.
    try memory.write(branch, at: place)
    #expect(try subject.run(false, policy: Self.policy).changed)
    #expect(try subject.victim.ask("report") == subject.report(new: false))
  }

  @Test("A breakpoint that a killed gdb left")
  func debugger() throws {
    let subject = try Self.subject()
    let place = try subject.address(of: "function_0")
    let memory = try RemoteMemory(of: subject.process, forWriting: true)
    let original = try memory.read(5, at: place)
    var gdb = try ChildProcess(
      [
        "gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-p", String(subject.victim.pid), "-ex",
        "break *\(place)", "-ex", "continue",
      ], collectsErrors: true)
    try #require(try eventually { try memory.read(1, at: place) == [0xcc] })
    kill(gdb.pid, SIGKILL)
    _ = gdb.wait()
    #expect(Self.refused(subject, true)?.kind == .breakpoint)
    #expect(try memory.read(1, at: place) == [0xcc])
    try memory.write(original, at: place)
    #expect(try subject.run(true, policy: Self.policy).changed)
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("A probe of the kernel's (uprobe) on the function, before and after")
  func uprobe() throws {
    // Of a file of its own: a probe is set in all processes that run it.
    let directory = try TemporaryDirectory()
    let subject = try SwitchVictim(functions: 1, program: "blocked.c", at: directory.file("probed"))
    let place = try subject.address(of: "function_0")
    let memory = try RemoteMemory(of: subject.process, forWriting: true)
    let original = try memory.read(5, at: place)
    let map = try MemoryMap.read(subject.process)
    let text = try #require(map.mapping(at: place))
    let offset = text.offset + (place.value - text.range.lowerBound.value)
    let probe = Uprobe(name: "probe\(subject.victim.pid)", path: subject.victim.program.path, offset: offset)
    guard try probe.set() else {
      Issue.record("this kernel has no uprobes", severity: .warning)
      return
    }
    try #require(try eventually { try memory.read(1, at: place) == [0xcc] })
    #expect(Self.refused(subject, true)?.kind == .breakpoint)
    #expect(try subject.victim.ask("report") == subject.report(new: false), "the probe works on")
    try probe.remove()
    #expect(try eventually { try memory.read(5, at: place) == original })

    _ = try subject.run(true, policy: Self.policy)
    let branch = try memory.read(5, at: place)
    #expect(try probe.set())
    try #require(try eventually { try memory.read(1, at: place) == [0xcc] })
    let found = try memory.read(5, at: place)
    #expect(Self.refused(subject, false)?.found == found)
    #expect(try memory.read(5, at: place) == found)
    try probe.remove()
    // The kernel puts back the first byte that the file has: what stands there now is nobody's, and stays too.
    try #require(try eventually { try memory.read(5, at: place) == [original[0]] + branch[1...] })
    #expect(Self.refused(subject, false)?.kind == .foreignBytes)
    try memory.write(branch, at: place)
    #expect(try subject.run(false, policy: Self.policy).changed)
    #expect(try subject.victim.ask("report") == subject.report(new: false))
  }
}

/// A probe of the kernel's at a place of a file.
private struct Uprobe {
  let name: String
  let path: String
  let offset: UInt64

  /// Sets and enables it; false where the kernel has none.
  func set() throws -> Bool {
    try shell(
      "echo 'p:lptest/\(name) \(path):0x\(String(offset, radix: 16))' >> uprobe_events",
      "echo 1 > events/lptest/\(name)/enable")
  }

  /// Takes it away.
  func remove() throws {
    _ = try shell("echo 0 > events/lptest/\(name)/enable", "echo '-:lptest/\(name)' >> uprobe_events")
  }

  private func shell(_ commands: String...) throws -> Bool {
    let directory = try TemporaryDirectory()
    let all = ["mount -t tracefs none \(directory.path)", "cd \(directory.path)"] + commands
    return try Command.run(["unshare", "--mount", "sh", "-c", all.joined(separator: " && ")]).status == 0
  }
}
