import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("What callers know beyond the ABI is kept")
struct CallerKnowledgeTests {
  /// The caller keeps values in rsi, rdx, rcx and xmm1 over the call, as gcc does when the called function leaves them
  /// alone: written in assembly, so that no compiler's mood decides.
  static let program = """
    #include <stdio.h>
    long keeps(long x);
    asm(".text\\n.type scale, @function\\nscale: lea (%rdi,%rdi), %rax\\nret\\n.size scale, . - scale\\n"
        ".globl keeps\\n.type keeps, @function\\nkeeps: mov $1, %esi\\nmov $20, %edx\\nmov $300, %ecx\\n"
        "mov $4000, %eax\\ncvtsi2sd %rax, %xmm1\\ncall scale\\nadd %rsi, %rax\\nadd %rdx, %rax\\nadd %rcx, %rax\\n"
        "cvttsd2si %xmm1, %rdx\\nadd %rdx, %rax\\nret\\n.size keeps, . - keeps\\n");
    void cases(void) { printf("%ld\\n", keeps(50000)); }
    """
  static let replacement = """
    #include <stdio.h>
    #include <string.h>
    long scale(long x) {
      char text[64];
      snprintf(text, sizeof text, "%f %ld", (double)x, x);
      return 3 * x + (long)strlen(text) * 0;
    }
    """

  @Test("A stub keeps rsi, rdx, rcx and xmm1 and aligns the stack", arguments: ["gcc", "clang"])
  func kept(compiler: String) async throws {
    let program = try PatchedProgram(Self.program)
    let report = try await program.build(Self.replacement, replacing: ["scale"], compiler: compiler)
    let phases = try program.run(report)
    #expect(phases["original"] == "104321\n")
    #expect(phases["armed"] == "104321\n")
    #expect(phases["committed"] == "154321\n")
    #expect(phases["settled"] == "154321\n")
    #expect(phases["restored"] == "104321\n")
    #expect(report.info.functions.map(\.replacement) == ["lpatch.stub.\(report.info.functions[0].address)"])
  }

  @Test("A replacement that takes arguments on the stack is refused where a stub would be needed")
  func stackArguments() async throws {
    let program = try PatchedProgram(Self.program)
    await #expect(throws: BuildRefused.self) {
      _ = try await program.build(
        "#include <stdio.h>\nlong scale(long x, ...) { puts(\"new\"); return x; }", replacing: ["scale"])
    }
  }

  @Test("A replacement that writes no more than the original needs no stub")
  func noStub() async throws {
    let program = try PatchedProgram(Self.program)
    let report = try await program.build("long scale(long x) { return x + 5; }", replacing: ["scale"])
    #expect(report.info.functions.map(\.replacement) == ["scale"])
    #expect(try program.run(report)["committed"] == "54326\n")
  }
}
