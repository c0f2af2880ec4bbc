import LiveProcess
import Patch
import Testing
import VictimKit

@Suite("Imports are found where the dynamic linker would find them", .needsRoot)
struct ObserveImportTests {
  private func resolve(
    _ name: String, version: String? = nil, library: String? = nil, weak: Bool = false, in victim: Victim,
    for path: String? = nil, index: Int = 0
  ) throws -> RemoteAddress? {
    let process = ProcessID(victim.pid)
    let map = try MemoryMap.read(process)
    let memory = try RemoteMemory(of: process)
    let binaries = try MappedBinaries().read(process, map: map, memory: memory)
      .filter { $0.path == path ?? victim.program.path }
    try #require(binaries.indices.contains(index))
    let resolver = try ImportResolver(for: binaries[index], map: map, memory: memory)
    let reference = ImportReference(name, version: version, library: library, weak: weak)
    return try resolver.resolve([reference], memory: memory).first ?? nil
  }

  /// What the process's own dynamic linker answers.
  private func answer(_ question: String, of victim: Victim) throws -> RemoteAddress {
    RemoteAddress(try #require(UInt64(try victim.ask("symbol \(question)").dropFirst(2), radix: 16)))
  }

  private static let flags = [
    ["-O2", "-pthread"], ["-O2", "-pthread", "-Wl,-z,lazy"], ["-O2", "-pthread", "-no-pie", "-Wl,-z,lazy"],
  ]

  @Test(
    "Functions and variables, bound at start or lazily, with slot or without", arguments: flags,
    ["malloc", "execl", "qsort", "getenv", "environ", "strlen", "memset", "exported_answer"])
  func symbols(flags: [String], name: String) throws {
    let victim = try Victim(try VictimProgram.compile("service.c", flags: flags + ["-rdynamic"]))
    let expected = try answer(name, of: victim)
    #expect(try resolve(name, in: victim) == expected)
  }

  @Test("Of two versions the named one", arguments: ["GLIBC_2.2.5", "GLIBC_2.3.2"])
  func versions(version: String) throws {
    let victim = try Victim("service.c")
    let expected = try answer("pthread_cond_wait \(version)", of: victim)
    #expect(try resolve("pthread_cond_wait", version: version, in: victim) == expected)
    #expect(
      try answer("pthread_cond_wait GLIBC_2.2.5", of: victim) != answer("pthread_cond_wait GLIBC_2.3.2", of: victim))
    #expect(throws: TransitionRefused.Reason.unresolvedImport(symbol: "pthread_cond_wait", library: nil)) {
      try resolve("pthread_cond_wait", version: "GLIBC_9", in: victim)
    }
  }

  @Test("A preloaded library comes before libc")
  func interposed() throws {
    let library = try VictimProgram.compile("preloaded.c", flags: ["-O2", "-shared", "-fPIC", "-fno-builtin"])
    let victim = try Victim(try VictimProgram.compile("service.c"), environment: ["LD_PRELOAD": library.path])
    let found = try #require(try resolve("abs", version: "GLIBC_2.2.5", in: victim))
    let map = try MemoryMap.read(ProcessID(victim.pid))
    #expect(map.mapping(at: found)?.path == library.path)
    #expect(try answer("abs", of: victim) == found)
  }

  @Test("What nothing defines is refused by name, or null when weak")
  func missing() throws {
    let victim = try Victim("service.c")
    #expect(try resolve("no_such_function", weak: true, in: victim) == nil)
    #expect(throws: TransitionRefused.Reason.unresolvedImport(symbol: "no_such_function", library: "libc.so.6")) {
      try resolve("no_such_function", library: "libc.so.6", in: victim)
    }
  }

  @Test("An indirect function whose choice is written nowhere is refused, and its resolver not run")
  func indirect() throws {
    let victim = try Victim("service.c")
    #expect(throws: TransitionRefused.Reason.unresolvedImport(symbol: "__memcpy_chk", library: "libc.so.6")) {
      try resolve("__memcpy_chk", in: victim)
    }
  }

  @Test("A library of another namespace is bound to the libc of that namespace")
  func namespaces() throws {
    let library = try VictimProgram.compile("library.c", flags: ["-O2", "-shared", "-fPIC"])
    let victim = try Victim("service.c")
    #expect(try victim.ask("dlopen \(library.path)") == "opened")
    #expect(try victim.ask("dlmopen \(library.path)") == "opened")
    let found = try (0..<2).map { try resolve("qsort", in: victim, for: library.path, index: $0) }
    #expect(found.contains(try answer("qsort", of: victim)))
    #expect(found[0] != found[1])
    #expect(!found.contains(nil))
    // A library that was opened later is not in the executable's scope, unless it is named.
    #expect(try resolve("library_answer", weak: true, in: victim) == nil)
    let name = try #require(library.path.split(separator: "/").last.map(String.init))
    #expect(try resolve("library_answer", library: name, in: victim) != nil)
  }

  @Test("A static program is refused by name")
  func staticProgram() throws {
    let victim = try Victim(try VictimProgram.compile("service.c", flags: ["-O2", "-pthread", "-static", "-w"]))
    do {
      _ = try resolve("malloc", in: victim)
      Issue.record("resolved something in a static program")
    } catch let reason as TransitionRefused.Reason {
      guard case .unsupported(let why) = reason else { throw reason }
      #expect(why.contains("static"))
    }
  }
}
