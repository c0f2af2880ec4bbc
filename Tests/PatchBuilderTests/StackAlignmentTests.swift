import Patch
import PatchBuilder
import Testing

@Suite("A replacement that needs an aligned stack gets one from callers that know that the original needs none")
struct StackAlignmentTests {
  @Test("Where no register is in danger the stub is there for the stack alone", arguments: ["gcc", "clang"])
  func aligned(compiler: String) async throws {
    // The original writes every register that a called function may write, and calls none; its caller leaves the stack as it
    // was at its own entry, 8 bytes off.
    let general = ["ecx", "edx", "esi", "r8d", "r9d", "r10d", "r11d"].map { "xor %\($0), %\($0)" }
    let vectors = (0..<16).map { "pxor %xmm\($0), %xmm\($0)" }
    let program = try PatchedProgram(
      """
      #include <stdio.h>
      long misaligned(long x);
      void cases(void) { printf("%ld\\n", misaligned(5)); }
      """,
      assembly: """
        .text
        .p2align 4
        .type scale, @function
        scale: lea (%rdi,%rdi), %rax
        xor %edi, %edi
        \((general + vectors).joined(separator: "\n"))
        ret
        .size scale, . - scale
        .globl misaligned
        .type misaligned, @function
        misaligned: call scale
        ret
        .size misaligned, . - misaligned
        .section .note.GNU-stack,"",@progbits

        """)
    let report = try await program.build(
      """
      #include <stdio.h>
      long scale(long x) {
        char text[64] __attribute__((aligned(16)));
        int length = snprintf(text, sizeof text, "%f", (double)x);
        // Faults unless the stack is as the ABI has it.
        __asm__ volatile("movaps %%xmm0, %0" : "=m"(*(char (*)[16])text));
        return 3 * x + 100 * length;
      }
      """, replacing: ["scale"], compiler: compiler)
    #expect(report.info.functions.map(\.replacement) == ["lpatch.stub.\(report.info.functions[0].address)"])
    let phases = try program.run(report)
    #expect(phases["original"] == "10\n")
    // "5.000000" has 8 characters.
    #expect(phases["committed"] == "815\n")
    #expect(phases["restored"] == "10\n")
  }
}
