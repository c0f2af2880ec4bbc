import PatchBuilder
import Testing
import VictimKit

@Suite("No replacement stands where an exception would have to pass and cannot")
struct ExceptionTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
    try PatchedProgram.write(
      """
      extern "C" __attribute__((noipa)) int through(int (*callback)(int), int x) { return callback(x) + 1; }
      extern "C" __attribute__((noipa)) int leaf(int x) { return x * 3 + x / 7; }
      static int thrower(int x) { if (x > 1) throw x; return x; }
      int main(int count, char **) {
        try { return through(thrower, leaf(count)); } catch (int thrown) { return thrown; }
      }
      """, to: folder.file("program.cc"))
  }

  private func refusals(
    _ replacement: String, _ function: String, flags: [String], compiledWith own: [String] = []
  ) async throws -> [BuildCode] {
    let binary = folder.file("program")
    let compile = ["g++", "-O2", "-Wl,--build-id", "-o", binary, folder.file("program.cc")]
    _ = try Command.output(compile + flags)
    // What is stripped needs its symbols from somewhere to be patched at all.
    let symbols = folder.file("symbols")
    _ = try Command.output(["cp", binary, symbols])
    if flags.contains("-s") { _ = try Command.output(compile + flags.filter { $0 != "-s" } + ["-o", symbols]) }
    try PatchedProgram.write(replacement, to: folder.file("fix.c"))
    do throws(BuildRefused) {
      _ = try await PatchBuild.run(
        BuildRequest(
          binary: binary, symbols: symbols, sources: [folder.file("fix.c")], functions: [function], choices: [],
          name: "fix", output: folder.file("fix.lpatch"), compiler: "gcc", flags: own))
      return []
    } catch {
      return error.refusals.map(\.code)
    }
  }

  static let unknownUnwinder = [["-static"], ["-static", "-s"], ["-static-libgcc"]]
  private static let calling = "int through(int (*callback)(int), int x) { return callback(x) + 2; }"

  @Test("In a program with an unwinder of its own, a replacement with a call is refused", arguments: unknownUnwinder)
  func call(flags: [String]) async throws {
    #expect(try await refusals(Self.calling, "through", flags: flags) == [.exceptions])
  }

  @Test("One whose code has no call-frame information is refused, and one that has it is not")
  func undescribed() async throws {
    let bare = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]
    #expect(try await refusals(Self.calling, "through", flags: [], compiledWith: bare) == [.exceptions])
    #expect(try await refusals(Self.calling, "through", flags: []) == [])
  }

  @Test("One without calls is built", arguments: unknownUnwinder)
  func leaf(flags: [String]) async throws {
    #expect(try await refusals("int leaf(int x) { return x * 3; }", "leaf", flags: flags) == [])
  }
}
