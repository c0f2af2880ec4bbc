import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("A replacement is built, linked and run")
struct FirstPatchTests {
  @Test("A function that calls the target, its statics and the C library is replaced")
  func simple() async throws {
    let program = try PatchedProgram(
      """
      #include <stdio.h>
      static volatile int counter = 7;
      static __attribute__((noinline)) int twice(int x) { asm volatile(""); return counter + 2 * x; }
      __attribute__((noinline)) int answer(int x) { printf("old "); return twice(x); }
      void cases(void) { printf("answer %d\\n", answer(20)); }
      """)
    let report = try await program.build(
      """
      #include <stdio.h>
      extern volatile int counter;
      int twice(int);
      int answer(int x) { printf("new %d ", counter); return twice(x) + 1; }
      """, replacing: ["answer"])
    let phases = try program.run(report)
    #expect(phases["original"] == "old answer 47\n")
    #expect(phases["armed"] == "old answer 47\n")
    #expect(phases["committed"] == "new 7 answer 48\n")
    #expect(phases["settled"] == "new 7 answer 48\n")
    #expect(phases["reverted"] == "old answer 47\n")
    #expect(phases["restored"] == "old answer 47\n")
    #expect(report.info.targetReferences.map(\.symbol).contains("counter"))
    #expect(report.info.imports.map(\.symbol) == ["printf"])
  }
}
