import LiveProcess
import Patch
import Testing
import VictimKit

@Suite("A function in use is found on any stack, and a leftover is none", .needsRoot)
struct StackCheckTests {
  /// One way of building the victim.
  struct Build: Sendable, CustomTestStringConvertible {
    var compiler: String
    var flags: [String]
    var stripped = false
    var testDescription: String { ([compiler] + flags + (stripped ? ["stripped"] : [])).joined(separator: " ") }
  }

  static let builds = [
    Build(compiler: "gcc", flags: ["-O2", "-fomit-frame-pointer", "-pthread"]),
    Build(compiler: "gcc", flags: ["-O2", "-fomit-frame-pointer", "-pthread"], stripped: true),
    Build(compiler: "gcc", flags: ["-O0", "-pthread"]),
    Build(compiler: "gcc", flags: ["-O3", "-no-pie", "-static", "-pthread"]),
    Build(compiler: "clang", flags: ["-O2", "-fomit-frame-pointer", "-pthread"]),
    Build(compiler: "clang", flags: ["-O0", "-pthread"], stripped: true),
  ]

  static let standing = ["deep", "handler", "alternate", "own-restorer", "end", "coroutine"]

  @Test("In use, with frames to prove it", arguments: standing, builds)
  func inUse(how: String, build: Build) throws {
    let seen = try StackVictim.look(how, compiler: build.compiler, flags: build.flags, stripped: build.stripped)
    try #require(seen.findings.uses.count == 1)
    let use = seen.findings.uses[0]
    #expect(use.tid == seen.pid)
    #expect(use.isProven)
    let frames = use.backtrace.filter { seen.watched.contains($0.lookup) }
    #expect(frames.count == 1)
  }

  @Test("Six frames deep means six frames between", arguments: builds)
  func sixFrames(build: Build) throws {
    let seen = try StackVictim.look("deep", compiler: build.compiler, flags: build.flags, stripped: build.stripped)
    let use = try #require(seen.findings.uses.first)
    let index = try #require(use.backtrace.firstIndex { seen.watched.contains($0.lookup) })
    // pause, stand, six, five, four, three, two, one, guarded.
    #expect(index >= 8)
    #expect(use.backtrace.count >= index + 3)
  }

  @Test("In the last of 100 threads")
  func lastOfHundred() throws {
    let seen = try StackVictim.look("deep", threads: 100)
    try #require(seen.findings.uses.count == 1)
    #expect(seen.threads.count == 102)
    #expect(seen.findings.uses[0].tid == seen.threads.map(\.tid).max())
    #expect(seen.findings.uses[0].isProven)
  }

  @Test("A return address of a call that has returned does not count", arguments: builds)
  func stale(build: Build) throws {
    let seen = try StackVictim.look("stale", compiler: build.compiler, flags: build.flags, stripped: build.stripped)
    #expect(seen.findings.uses.isEmpty)
    // It is there, though: without call-frame information nothing tells it from a frame, and it counts.
    let blind = try StackVictim.look(
      "stale", compiler: build.compiler, flags: build.flags, stripped: build.stripped, forgetsTables: true)
    #expect(blind.findings.uses.contains { $0.tid == blind.pid && !$0.isProven })
  }

  @Test("A hit that cannot be explained counts as in use", arguments: ["deep", "alternate", "coroutine", "end"])
  func unexplained(how: String) throws {
    let seen = try StackVictim.look(how, forgetsTables: true)
    #expect(seen.findings.uses.contains { $0.tid == seen.pid && !$0.isProven })
  }

  @Test("After a tail call the function has gone")
  func tailCall() throws {
    let seen = try StackVictim.look("tail")
    #expect(seen.findings.uses.isEmpty)
    let calling = try StackVictim.look("tail", flags: ["-O0", "-pthread"])
    #expect(calling.findings.uses.count == 1)
  }

  @Test("A thread's own stack counts while a coroutine runs on another")
  func ownStack() throws {
    let main = try StackVictim.look("scheduler")
    try #require(main.findings.uses.count == 1)
    #expect(!main.findings.uses[0].isProven)
    let other = try StackVictim.look("scheduler", threads: 3)
    try #require(other.findings.uses.count == 1)
    #expect(other.findings.uses[0].tid == other.threads.map(\.tid).max())
  }

  // An unload finds it by searching all memory: UnloadTests.
  @Test("A suspended coroutine's stack belongs to no thread")
  func suspendedCoroutine() throws {
    let seen = try StackVictim.look("suspended", threads: 1)
    #expect(seen.findings.uses.isEmpty)
  }

  @Test("The first thread's stack ends where its arguments begin")
  func firstFrame() throws {
    let program = try VictimProgram.compile("stack.c", flags: ["-O2", "-pthread"])
    try Victim.with(program, arguments: ["nothing"]) { victim in
      let process = ProcessID(victim.pid)
      let map = try MemoryMap.read(process)
      let source = try LiveStackSource(process, map: map)
      let top = try #require(source.mainStackTop)
      #expect(source.mapping(around: top)?.range.upperBound == top + 8)
      // What lies above begins as execve(2) leaves it: the count of the arguments, and the first one.
      #expect(source.word(at: top + 8) == 2)
      let memory = try RemoteMemory(of: process)
      let first = try #require(source.word(at: top + 16))
      #expect(try memory.read(program.path.utf8.count, at: RemoteAddress(first)) == Array(program.path.utf8))
      // Above it the mapping is what it is.
      let stack = try #require(map.mappings.last { $0.path == "[stack]" })
      #expect(source.mapping(around: top + 8)?.range.upperBound == stack.range.upperBound.value)
    }
  }

  @Test("A function that nobody is in is free", arguments: builds)
  func free(build: Build) throws {
    let seen = try StackVictim.look("nothing", compiler: build.compiler, flags: build.flags, stripped: build.stripped)
    #expect(seen.findings.uses.isEmpty)
    #expect(seen.findings.inside.isEmpty)
    #expect(seen.findings.scannedBytes > 0)
  }

  @Test("A thread inside the bytes is found without the check of stacks", arguments: builds)
  func standsInside(build: Build) throws {
    let seen = try StackVictim.look(
      "loop", place: .of(function: "loop"), checksStacks: false, compiler: build.compiler, flags: build.flags,
      stripped: build.stripped)
    #expect(seen.findings.uses.isEmpty)
    try #require(seen.findings.inside.count == 1)
    #expect(seen.findings.inside[0].location == .instructionPointer)
    #expect(seen.findings.inside[0].tid == seen.pid)
  }

  @Test(
    "A handler that interrupted the bytes is found in its signal frame", arguments: ["trap", "alternate-trap"], builds)
  func interruptedInside(how: String, build: Build) throws {
    let seen = try StackVictim.look(
      how, place: .of(function: "trap"), checksStacks: false, compiler: build.compiler, flags: build.flags,
      stripped: build.stripped)
    try #require(seen.findings.inside.count == 1)
    guard case .signalFrame(let slot) = seen.findings.inside[0].location else {
      Issue.record("\(seen.findings.inside[0].location) is no signal frame")
      return
    }
    #expect(slot.value % 8 == 0)
    let checked = try StackVictim.look(how, place: .of(function: "trap"), compiler: build.compiler, flags: build.flags)
    #expect(checked.findings.uses.count == 1)
  }

  @Test("The backtrace has the functions' names, or the object's where it is stripped")
  func names() throws {
    let named = try StackVictim.look("deep").names
    let functions = named.map { String($0.prefix { $0 != "+" }) }
    let wanted = ["stand", "six", "five", "four", "three", "two", "one", "guarded"]
    let start = try #require(functions.firstIndex(of: "stand"))
    #expect(Array(functions[start...].prefix(wanted.count)) == wanted)
    #expect(named.allSatisfy { $0.contains("+0x") })
    let stripped = try StackVictim.look("deep", stripped: true).names
    #expect(stripped.contains { $0.contains("-stack+0x") })
    #expect(!stripped.contains { $0.hasPrefix("guarded+") })
  }
}
