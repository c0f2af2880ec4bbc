import Glibc
import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("The variables of a stripped program are found by its separate debug file", .needsRoot)
struct DebugFileTests {
  /// How the debug file is found.
  enum Way: CaseIterable { case none, link, buildID, linkToAnotherBuild }

  @Test("By .gnu_debuglink and by build-id, and never that of another build", arguments: Way.allCases)
  func values(way: Way) throws {
    let folder = try TemporaryDirectory()
    // A build-id of its own for each case, so that no other case's file is found.
    let flags = ["-O2", "-pthread"]
    let program = try VictimProgram.compile("switch.c", flags: flags + ["-Wl,--build-id=0x\(identifier(way))"])
    let path = folder.file("program")
    _ = try Command.output(["strip", "-s", "-o", path, program.path])
    let debug = folder.file("program.debug")
    let source = way == .linkToAnotherBuild ? try VictimProgram.compile("switch.c", flags: flags).path : program.path
    _ = try Command.output(["objcopy", "--only-keep-debug", source, debug])
    let build = try #require(try ElfFile(path: path).buildID())
    var installed: String?
    // SAFETY: C gets the string for the time of the call.
    defer { if let installed { _ = unsafe unlink(installed) } }
    switch way {
    case .none: break
    case .link, .linkToAnotherBuild: _ = try Command.output(["objcopy", "--add-gnu-debuglink=\(debug)", path])
    case .buildID:
      let digits = build.description
      let place = "/usr/lib/debug/.build-id/\(digits.prefix(2))"
      _ = try Command.output(["mkdir", "-p", place])
      installed = "\(place)/\(digits.dropFirst(2)).debug"
      _ = try Command.output(["cp", debug, try #require(installed)])
    }
    let victim = try Victim(VictimProgram(path: path), arguments: ["200", "1"])
    let request = try PairPatch.request(ProcessID(victim.pid), build, isOn: true, nil)
    switch way {
    case .link, .buildID:
      #expect(try Transition.run(request).changed)
      #expect(try victim.ask("report") == "old 11 12 wrong 0 mixed 0")
    case .none, .linkToAnotherBuild:
      let error = #expect(throws: TransitionRefused.self) { try Transition.run(request) }
      #expect(error?.reason == .noSuchValue("no symbol of this name"))
      #expect(try victim.ask("report") == "old 1 2 wrong 0 mixed 0")
    }
  }

  private func identifier(_ way: Way) -> String {
    let number = UInt64(Way.allCases.firstIndex(of: way) ?? 0) << 32 | UInt64(UInt32(bitPattern: getpid()))
    return String(repeating: "ab", count: 12) + number.littleEndianBytes.hexadecimal
  }
}
