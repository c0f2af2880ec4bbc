import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("One replacement does the same whichever compiler and level made it")
struct LevelTests {
  /// One way of compiling the replacement.
  struct Way: Sendable, CustomTestStringConvertible {
    var compiler: String
    var flags: [String]
    var testDescription: String { ([compiler] + flags).joined(separator: " ") }
  }

  static let ways = ["gcc", "clang"].flatMap { compiler in
    ["-O0", "-O1", "-O2", "-O3"].flatMap { level in
      [[], ["-fno-pic"], ["-fPIC"]].map { Way(compiler: compiler, flags: [level] + $0) }
    }
  }

  /// What old and new program share: statics, constants, a thread-local variable, a type.
  static let shared = """
    #include <stdarg.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    struct pair { long a, b; double c; };
    extern __thread long per_thread;
    extern long table[8];
    long helper(long x);

    """
  /// The functions, of which those with arguments on the stack call into a library, so that no stub is needed; `BY` is 1 in the old program and 7 in the new one.
  static let functions = """
    static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
    static long calls[4];
    static int upwards(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
    long jumps(long x) {
      switch (x) {
      case 0: return BY; case 1: return helper(x) + BY; case 2: return 33; case 3: return -x; case 4: return table[3];
      case 5: return (long)strlen(words[x & 3]) + BY; case 6: return x * x; case 7: return table[x] - BY;
      default: return x + BY;
      }
    }
    double floats(double x, int n) { double y = 0.5 * BY; for (int i = 0; i < n; i++) y = y * x + 1.25; return y; }
    struct pair pairs(struct pair p, long x) { calls[x & 3] += 1 + 0 * getppid(); p.a += x * BY; p.b -= x; p.c /= 3; return p; }
    long variable(int count, ...) {
      va_list list;
      long sum = BY + 0 * getppid();
      va_start(list, count);
      for (int i = 0; i < count; i++) sum = sum * 3 + va_arg(list, long);
      va_end(list);
      return sum;
    }
    long sorted(long x) {
      int numbers[6];
      for (int i = 0; i < 6; i++) numbers[i] = (int)((x * 31 + i * 17) % 23);
      qsort(numbers, 6, sizeof numbers[0], upwards);
      per_thread += BY;
      char text[64];
      snprintf(text, sizeof text, "%d %s %.2f", numbers[2], words[x & 3], (double)numbers[5] / BY);
      return (long)strlen(text) * 1000 + numbers[3] + per_thread;
    }

    """
  static let names = ["jumps", "floats", "pairs", "variable", "sorted"]
  static let main = """
    long jumps(long); double floats(double, int); struct pair pairs(struct pair, long); long variable(int, ...);
    long sorted(long);
    __thread long per_thread = 3;
    long table[8] = {1, 1, 2, 3, 5, 8, 13, 21};
    __attribute__((noipa)) long helper(long x) { return x * 100 + table[1]; }
    void cases(void) {
      per_thread = 3;
      for (long x = 0; x < 12; x++) {
        struct pair p = pairs((struct pair){x, 2 * x, 9.5}, x);
        printf("%ld %.6f %ld %ld %.6f %ld %ld\\n", jumps(x), floats(0.75, (int)x), p.a, p.b, p.c,
               variable((int)(x % 8), x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7), sorted(x));
      }
    }

    """

  /// The program with its functions in a file of their own.
  private func program(by factor: Int) throws -> PatchedProgram {
    try PatchedProgram(
      Self.shared + Self.main, helper: "#define BY \(factor)\n" + Self.shared + Self.functions,
      flags: ["-O2", "-fno-pic", "-no-pie", "-fno-ipa-ra"])
  }

  @Test("The patched program answers what the new program answers", arguments: ways)
  func same(way: Way) async throws {
    let old = try program(by: 1)
    let new = try program(by: 7)
    let report = try await old.build(
      "#define BY 7\n" + Self.shared + Self.functions, replacing: Self.names, compiler: way.compiler, flags: way.flags)
    let phases = try old.run(report)
    let wanted = try Command.output([new.binary]).split(separator: "\n").dropFirst(2).joined(separator: "\n") + "\n"
    #expect(phases["committed"] == wanted)
    #expect(phases["settled"] == wanted)
    #expect(phases["original"] != wanted)
    #expect(phases["restored"] == phases["original"])
  }
}
