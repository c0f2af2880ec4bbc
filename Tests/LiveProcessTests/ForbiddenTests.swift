import Glibc
import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("What a process may not do is not done in it", .needsRoot)
struct ForbiddenTests {
  @Test("Values that no thread may write are refused, and what was loaded goes again")
  func noThreadWrites() throws {
    let subject = try SwitchVictim(functions: 20, mode: "none-writes")
    let policy = SwitchPolicy(maxStop: .seconds(10), checksStacks: false, retryFor: .milliseconds(200))
    let error = #expect(throws: TransitionRefused.self) { try subject.run(true, policy: policy) }
    guard case .noUsableThread(let why) = error?.reason else {
      Issue.record("\(String(describing: error))")
      return
    }
    // process_vm_writev is call 311 of x86-64.
    #expect(why.contains("seccomp(call: 311)"))
    #expect(try subject.isBare())
    #expect(try subject.victim.ask("settle") == subject.report(new: false))
    // Functions alone need no such call.
    let request = try PairPatch.request(subject.process, subject.build, isOn: true, subject.artifact)
    let artifact = try #require(subject.artifact)
    _ = try Transition.run(
      TransitionRequest(
        process: request.process, load: [.artifact(artifact)], activate: [artifact.id], deactivate: [], unload: [],
        policy: policy))
    #expect(try subject.victim.ask("settle") == "new 1 2 wrong 0 mixed 0")
  }

  @Test("Where one thread may, that one does")
  func oneThreadWrites() throws {
    let subject = try SwitchVictim(functions: 20, mode: "one-writes")
    for isOn in [true, false, true] {
      #expect(try subject.run(isOn).changed)
      #expect(try subject.victim.ask("settle") == subject.report(new: isOn))
    }
  }

  @Test("Under MDWE a patch is loaded all the same: no memory is made executable afterwards")
  func memoryDenyWriteExecute() throws {
    let subject: SwitchVictim
    do { subject = try SwitchVictim(functions: 20, mode: "mdwe") } catch let trouble as VictimTrouble {
      // Before Linux 6.3.
      Issue.record("\(trouble)", severity: .warning)
      return
    }
    #expect(try subject.run(true).changed)
    #expect(try subject.victim.ask("settle") == subject.report(new: true))
    #expect(try subject.run(false).changed)
    #expect(try subject.victim.ask("settle") == subject.report(new: false))
  }

  @Test("Where memory files may not be executable, a patch is loaded all the same")
  func memoryFilesWithoutExecution() throws {
    let program = try VictimProgram.compile("family.c")
    // The setting is one of the PID namespace: this one is the child's own, and its first process is the victim.
    var parent = try ChildProcess(
      [
        "unshare", "--pid", "--mount", "--fork", "--mount-proc", "sh", "-c",
        "echo 2 > /proc/sys/vm/memfd_noexec && exec \(program.path)",
      ], collectsErrors: true)
    let first = try? parent.readLine(until: .now + .seconds(120))
    guard first == "ready" else {
      Issue.record("vm.memfd_noexec cannot be set here (Linux 6.3)", severity: .warning)
      return
    }
    let children = try Command.output(["cat", "/proc/\(parent.pid)/task/\(parent.pid)/children"])
    let child = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
    let build = try #require(BuildID(hex: try program.buildID()))
    let directory = try TemporaryDirectory()
    let bytes = try SwitchArtifact(functions: 0..<1).make(of: ElfFile(path: program.path), in: directory)
    for isOn in [true, false] {
      let request = try PairPatch.request(ProcessID(child), build, isOn: isOn, try PatchArtifact(reading: bytes))
      #expect(try Transition.run(request).changed)
      parent.write("report\n")
      let report = try parent.readLine(until: .now + .seconds(120))
      #expect(report == "\(isOn ? "new 11 12" : "old 1 2") wrong 0 mixed 0")
    }
    parent.closeInput()
  }

  @Test("The memory file is sealed against execution, its descriptor closed, and no page is both written and run")
  func memoryFile() throws {
    let subject = try SwitchVictim(functions: 20)
    var driver = try TransitionDriverProgram.start(subject, "on")
    // All that it ever looks like while it is being changed.
    while !driver.hasEnded() {
      #expect(
        try !MemoryMap.read(subject.process).mappings.contains { $0.permissions.isSuperset(of: [.write, .execute]) })
    }
    let ours = try MemoryMap.read(subject.process).mappings.filter { $0.memoryFileName != nil }
    #expect(ours.contains { $0.permissions.contains(.execute) })
    #expect(
      ours.allSatisfy { !$0.permissions.isSuperset(of: [.write, .execute]) && !$0.permissions.contains(.shared) })
    let links = try Command.output(["sh", "-c", "ls -l /proc/\(subject.victim.pid)/fd"])
    #expect(!links.contains("memfd"))
    for mapping in ours {
      let (start, end) = (mapping.range.lowerBound.value, mapping.range.upperBound.value)
      let path = "/proc/\(subject.victim.pid)/map_files/\(String(start, radix: 16))-\(String(end, radix: 16))"
      let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
      try #require(file >= 0)
      // F_GET_SEALS, and F_SEAL_EXEC since Linux 6.3.
      let seals = fcntl(file, 1034)
      close(file)
      #expect(seals & 0x20 != 0, "\(path): \(seals)")
    }
  }
}
