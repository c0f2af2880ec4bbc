import Patch
import PatchBuilder
import Testing

@Suite("A gate leaves everything but the flags as it was")
struct GateTransparencyTests {
  @Test("A function that reads every register a caller may fill finds them all through its gate")
  func registers() async throws {
    // r10 and r11 too: nested functions, and callers that know what a local function leaves alone, pass values in them.
    let registers = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"]
    let filled = registers.enumerated().map { "mov $\(1 << ($0 * 3)), %\($1)" }
    let read = registers.dropFirst().map { "add %\($0), %rax" }
    let program = try PatchedProgram(
      """
      #include <stdio.h>
      long fills(void);
      void cases(void) { printf("%ld\\n", fills()); }
      """,
      assembly: """
        .text
        .p2align 4
        .globl f
        .type f, @function
        f: \(read.joined(separator: "\n"))
        ret
        .size f, . - f
        .p2align 4
        .globl fills
        .type fills, @function
        fills: \(filled.joined(separator: "\n"))
        call f
        ret
        .size fills, . - fills
        .section .note.GNU-stack,"",@progbits

        """)
    let report = try await program.build("long f(void) { return 7; }", replacing: ["f"])
    let phases = try program.run(report)
    let sum = registers.indices.reduce(0) { $0 + 1 << ($1 * 3) }
    #expect(phases["original"] == "\(sum)\n")
    #expect(phases["armed"] == "\(sum)\n")
    #expect(phases["committed"] == "7\n")
    #expect(phases["restored"] == "\(sum)\n")
  }
}
