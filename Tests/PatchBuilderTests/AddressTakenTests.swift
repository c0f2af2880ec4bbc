import Patch
import PatchBuilder
import Testing

@Suite("The address of a replaced function is the target's, also to the replacement")
struct AddressTakenTests {
  /// One way of compiling program and replacement.
  struct Way: Sendable, CustomTestStringConvertible {
    var compiler: String
    var flags: [String]
    var isPIE: Bool
    var testDescription: String {
      ([compiler] + flags + [isPIE ? "(for a PIE)" : "(for a fixed executable)"]).joined(separator: " ")
    }
  }

  static let ways: [Way] = ["gcc", "clang"].flatMap { compiler in
    [true, false].flatMap { isPIE in
      [
        [], ["-O0"], ["-fPIC"], ["-fPIC", "-fno-plt"], ["-fPIC", "-fno-semantic-interposition"],
        ["-fvisibility=hidden"], ["-mcmodel=large"],
      ].map {
        Way(compiler: compiler, flags: $0, isPIE: isPIE)
      }
    } + [
      Way(compiler: compiler, flags: ["-fno-pic"], isPIE: false),
      Way(compiler: compiler, flags: ["-fno-pic", "-O0"], isPIE: false),
      Way(compiler: compiler, flags: ["-fno-pic", "-mcmodel=large"], isPIE: false),
    ]
  }

  @Test("Comparisons hold, and what is stored outlives the patch", arguments: ways)
  func compared(way: Way) async throws {
    let program = try PatchedProgram(
      """
      #include <stdio.h>
      typedef int command(int);
      int ping(int x);
      int pong(int x);
      command *volatile current = ping, *volatile stored[3];
      __attribute__((noinline)) int ping(int x) { asm volatile("" ::: "memory"); return x + 1; }
      __attribute__((noinline)) int pong(int x) { asm volatile("" ::: "memory"); return x - 1; }
      void cases(void) {
        for (int i = 0; i < 3; i++) stored[i] = ping;
        current = ping;
        printf("%d ", ping(3));
        current = pong;
        printf("%d%d%d\\n", stored[0] == ping, stored[1] == ping, stored[2] == pong);
      }
      """, flags: way.isPIE ? ["-O2", "-fPIE", "-pie"] : ["-O2", "-fno-pic", "-no-pie"])
    let report = try await program.build(
      """
      typedef int command(int);
      extern command *volatile current, *volatile stored[3];
      int ping(int x);
      int pong(int x);
      static command *volatile variable = ping;
      static command *const volatile constants[] = {pong, ping, pong};
      static __attribute__((noinline)) int twice(int x) { asm volatile("" ::: "memory"); return 2 * x; }
      static command *volatile own = twice;
      int ping(int x) {
        if (x > 1000) return x;
        stored[0] = ping;
        stored[1] = constants[1];
        stored[2] = constants[2];
        int same = (current == ping) + 10 * (variable == current) + 100 * (constants[1] == current) + 1000 * (own == twice);
        return ping(1001) + own(same);
      }
      int pong(int x) { return x - 2; }
      """, replacing: ["ping", "pong"], compiler: way.compiler, flags: way.flags)
    let phases = try program.run(report)
    #expect(phases["original"] == "4 110\n")
    #expect(phases["armed"] == "4 110\n")
    #expect(phases["committed"] == "3223 111\n")
    #expect(phases["settled"] == "3223 111\n")
    #expect(phases["restored"] == "4 110\n")
  }
}
