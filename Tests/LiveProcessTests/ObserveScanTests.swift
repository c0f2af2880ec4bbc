import Glibc
import LiveProcess
import Patch
import Testing
import VictimKit

@Suite("Every process that maps a build is found", .needsRoot)
struct ObserveScanTests {
  /// Both ways to find a build-id: asking the kernel, and reading the notes in memory.
  static let methods = [ProcessScan.Method.automatic, .memory]

  private func scan(
    _ method: ProcessScan.Method, builds: [String] = [], paths: [String] = [], of victims: [Victim]? = nil
  ) throws -> [ObservedProcess] {
    let ids = try builds.map { try #require(BuildID(hex: $0)) }
    let question = ScanQuestion(
      builds: Set(ids), paths: paths, processes: victims.map { Set($0.map { ProcessID($0.pid) }) })
    return try ProcessScan(question, method: method).run().processes
  }

  /// A program of its own build: the build-id depends on the flags.
  private func program(_ name: String, flags: [String] = ["-O2", "-g"], stripped: Bool = false) throws -> VictimProgram
  {
    try VictimProgram.compile("service.c", flags: flags + ["-pthread", "-DNAME=\"\(name)\""], stripped: stripped)
  }

  @Test(
    "Executables of every kind", arguments: methods,
    [["-pie", "-fPIE"], ["-no-pie"], ["-pie", "-Wl,-z,noseparate-code"]])
  func executables(method: ProcessScan.Method, flags: [String]) throws {
    let program = try program("kinds", flags: flags, stripped: true)
    let build = try program.buildID()
    let victim = try Victim(program, arguments: ["-c", "two words", ""])
    let found = try scan(method, builds: [build])
    let process = try #require(found.first { $0.identity.pid.value == victim.pid })
    #expect(process.unreadable == nil)
    #expect(process.arguments == [program.path, "-c", "two words", ""])
    #expect(process.name == String(program.path.split(separator: "/").last?.prefix(15) ?? ""))
    #expect(process.userID == getuid())
    #expect(process.cgroup.hasPrefix("/"))
    let binary = try #require(process.binaries.first)
    #expect(process.binaries.count == 1)
    #expect((binary.path, binary.isDeleted, binary.buildID.description) == (program.path, false, build))
    #expect((binary.loadBias == 0) == flags.contains("-no-pie"))
    // The load bias is right when it leads from the file's symbol to where the program says that it is.
    let unstripped = try self.program("kinds", flags: flags)
    let there = try #require(UInt64(try victim.ask("address exported_answer").dropFirst(2), radix: 16))
    let symbols = try Command.output(["nm", unstripped.path])
    let line = try #require(symbols.split(separator: "\n").first { $0.hasSuffix(" exported_answer") })
    let linked = try #require(UInt64(line.prefix(16), radix: 16))
    #expect(linked &+ binary.loadBias == there)
    #expect(binary.range.contains(RemoteAddress(there)))
    #expect(!found.contains { $0.identity.pid.value == getpid() })
    _ = try victim.ask("value")
  }

  @Test("The path is asked for, as it stands or as a glob", arguments: methods)
  func byPath(method: ProcessScan.Method) throws {
    let program = try program("path")
    let victim = try Victim(program)
    let folder = program.path.split(separator: "/").dropLast().joined(separator: "/")
    // Whatever carries something of ours is found without being asked for: other tests' processes.
    let all = try scan(method, paths: [program.path]).filter { $0.binaries.contains { $0.path == program.path } }
    // The other method's victim runs the same program at the same time.
    #expect(all.contains { $0.identity.pid.value == victim.pid })
    #expect(all.allSatisfy { $0.binaries.map(\.path) == [program.path] })
    #expect(try scan(method, paths: ["/tmp/*/*-service"], of: [victim]).map(\.binaries.first?.path) == [program.path])
    #expect(try scan(method, paths: ["/\(folder)/*-other", "/tmp/*-service"], of: [victim]).isEmpty)
    _ = try victim.ask("value")
  }

  @Test("A library, loaded once and once more under another bias", arguments: methods)
  func library(method: ProcessScan.Method) throws {
    let library = try VictimProgram.compile("library.c", flags: ["-O2", "-shared", "-fPIC"], stripped: true)
    let victim = try Victim("service.c")
    let build = try library.buildID()
    #expect(try scan(method, builds: [build], of: [victim]).isEmpty)
    #expect(try victim.ask("dlopen \(library.path)") == "opened")
    #expect(try victim.ask("dlmopen \(library.path)") == "opened")
    let process = try #require(try scan(method, builds: [build]).first { $0.identity.pid.value == victim.pid })
    #expect(process.binaries.map(\.path) == [library.path, library.path])
    #expect(Set(process.binaries.map(\.loadBias)).count == 2)
    #expect(Set(process.binaries.map(\.buildID.description)) == [build])
  }

  @Test("A file that is deleted, or replaced by another build", arguments: methods)
  func deleted(method: ProcessScan.Method) throws {
    let directory = try TemporaryDirectory()
    let old = try program("old")
    let new = try program("new")
    let copy = try old.copy(to: directory.file("server"))
    let victim = try Victim(copy)
    _ = try new.copy(to: directory.file("next"))
    _ = try Command.output(["mv", directory.file("next"), copy.path])
    let process = try #require(try scan(method, paths: [copy.path], of: [victim]).first)
    let binary = try #require(process.binaries.first)
    #expect((binary.path, binary.isDeleted) == (copy.path, true))
    #expect(binary.buildID.description == (try old.buildID()))
    #expect(try scan(method, builds: [try new.buildID()], of: [victim]).isEmpty)
    let root = try ProcessRoot(of: ProcessID(victim.pid))
    let onDisk = root.buildOnDisk(copy.path)
    #expect(onDisk?.description == (try new.buildID()))
    _ = try Command.output(["rm", copy.path])
    #expect(try scan(method, builds: [try old.buildID()], of: [victim]).first?.binaries.first?.isDeleted == true)
  }

  @Test("Paths that are made to mislead", arguments: methods, ["new\nline", "name (deleted)", "a b", "fünf"])
  func hostileNames(method: ProcessScan.Method, name: String) throws {
    let directory = try TemporaryDirectory()
    let original = try program("hostile")
    let copy = try original.copy(to: directory.file(name))
    let victim = try Victim(copy)
    let build = try original.buildID()
    let binary = try #require(try scan(method, builds: [build], of: [victim]).first?.binaries.first)
    #expect((binary.path, binary.isDeleted) == (copy.path, false))
    _ = try victim.ask("value")
  }

  @Test("A process that carries patches is found without being asked for", arguments: methods, ["x", "w"])
  func patched(method: ProcessScan.Method, protection: String) throws {
    let victim = try Victim("service.c")
    _ = try victim.ask("memfd x somebody-else")
    #expect(try scan(method, of: [victim]).isEmpty)
    _ = try victim.ask("memfd \(protection) lpreconcile:fix")
    let process = try #require(try scan(method, of: [victim]).first)
    #expect(process.binaries.first?.path == victim.program.path)
    #expect(process.patches.isEmpty)
  }

  @Test("Threads of the kernel, zombies and processes that end meanwhile are no finding", arguments: methods)
  func noise(method: ProcessScan.Method) throws {
    let program = try program("noise")
    let name = String(program.path.split(separator: "/").last?.prefix(15) ?? "")
    let zombie = try Victim(program)
    zombie.signal(SIGKILL)
    #expect(try eventually { try zombie.status("State").hasPrefix("Z") })
    for _ in 0..<20 {
      let ending = try (0..<10).map { _ in try ChildProcess([program.path, "x"]).pid }
      _ = ending
      let found = try scan(method, builds: [try program.buildID()])
      // Somebody else's may be unreadable even to root; none of those that end may be reported so.
      let odd = found.filter { $0.name == name && ($0.unreadable != nil || $0.binaries.count != 1) }
      #expect(odd.isEmpty)
      #expect(!found.contains { $0.identity.pid.value == zombie.pid })
    }
    #expect(try scan(method, paths: ["/nothing"]).filter { $0.identity.pid.value == 2 }.isEmpty)
  }

  @Test("What another user may not read is unreadable, with the errno value, and not absent")
  func unreadable() async {
    await #expect(processExitsWith: .success) {
      guard setuid(65534) == 0 else { exit(10) }
      for method in ObserveScanTests.methods {
        let found = try ProcessScan(ScanQuestion(paths: ["/nothing"]), method: method).run().processes
        guard let first = found.first(where: { $0.identity.pid.value == 1 }) else { exit(11) }
        guard case .denied(let code, let path) = first.unreadable, code == EACCES || code == EPERM else { exit(12) }
        guard path.hasPrefix("/proc/1/"), !first.name.isEmpty, !first.arguments.isEmpty, first.userID == 0 else {
          exit(13)
        }
        // Threads of the kernel are nobody's to read and no finding.
        guard !found.contains(where: { $0.identity.pid.value == 2 }) else { exit(14) }
      }
    }
  }

  @Test("An exec in between never mixes two programs", arguments: methods)
  func exec(method: ProcessScan.Method) throws {
    let directory = try TemporaryDirectory()
    let one = try program("one").copy(to: directory.file("one"))
    let two = try program("two").copy(to: directory.file("two"))
    let builds = [one.path: try one.buildID(), two.path: try two.buildID()]
    let victim = try Victim(one)
    var next = two
    for _ in 0..<100 {
      victim.tell("exec \(next.path)")
      for process in try scan(method, builds: Array(builds.values), of: [victim]) {
        let binary = try #require(process.binaries.first)
        #expect(process.arguments == [binary.path])
        #expect(builds[binary.path] == binary.buildID.description)
      }
      #expect(try victim.hear() == "ready")
      next = next == one ? two : one
    }
  }

  @Test("A process that is traced names its tracer", arguments: methods)
  func traced(method: ProcessScan.Method) throws {
    let program = try program("traced")
    let victim = try Victim(program)
    #expect(try scan(method, paths: [program.path], of: [victim]).first?.tracer == nil)
    let tracer = try ChildProcess(["strace", "-o", "/dev/null", "-p", String(victim.pid)], collectsErrors: true)
    #expect(try eventually { try victim.status("TracerPid") != "0" })
    let found = try scan(method, paths: [program.path], of: [victim]).first?.tracer
    #expect(found == ObservedProcess.Tracer(tid: tracer.pid, name: "strace"))
  }

  @Test("Symbolic links are followed in the process's own mount namespace and root", arguments: methods)
  func links(method: ProcessScan.Method) throws {
    let directory = try TemporaryDirectory()
    let program = try program("links").copy(to: directory.file("real"))
    let link = directory.file("linked")
    _ = try Command.output(["ln", "-s", "../../..\(directory.path)/real", link])
    let victim = try Victim(program)
    let question = ScanQuestion(paths: [link], processes: [ProcessID(victim.pid)])
    let result = try ProcessScan(question, method: method).run()
    let process = try #require(result.processes.first)
    #expect(process.binaries.map(\.path) == [program.path])
    #expect(result.canonicalPaths[process.identity] == [link: program.path])

  }
}
