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

  /// A caller that keeps a value in a register over the call, and what shows that it is still there.
  struct Kept: Sendable, CustomTestStringConvertible {
    var register: String
    /// Puts 4000 there, by way of rax.
    var set: String
    /// Gets it into rdx.
    var get: String
    var testDescription: String { register }
  }

  /// Every general and SSE register that a called function may change, but those of the argument and the result.
  static let registers: [Kept] =
    ["rsi", "rdx", "rcx", "r8", "r9", "r10", "r11"].map {
      Kept(register: $0, set: "mov %rax, %\($0)", get: "mov %\($0), %rdx")
    }
    + (0..<16).map { Kept(register: "xmm\($0)", set: "movq %rax, %xmm\($0)", get: "movq %xmm\($0), %rdx") }

  /// A program whose caller keeps one register over the call of a function that leaves it alone.
  private static func program(keeping kept: Kept) -> String {
    """
    #include <stdio.h>
    long keeps(long x);
    asm(".text\\n.type scale, @function\\nscale: lea (%rdi,%rdi), %rax\\nret\\n.size scale, . - scale\\n"
        ".globl keeps\\n.type keeps, @function\\nkeeps: sub $8, %rsp\\nmov $4000, %eax\\n\(kept.set)\\n"
        "call scale\\n\(kept.get)\\nadd %rdx, %rax\\nadd $8, %rsp\\nret\\n.size keeps, . - keeps\\n");
    void cases(void) { printf("%ld\\n", keeps(50000)); }
    """
  }

  @Test("Each register that a caller may keep is kept, whatever the replacement calls", arguments: registers)
  func each(kept: Kept) async throws {
    let program = try PatchedProgram(Self.program(keeping: kept))
    // It writes the register itself, and calls what writes the others.
    let report = try await program.build(
      """
      #include <stdio.h>
      long scale(long x) {
        char text[64];
        snprintf(text, sizeof text, "%f %ld", (double)x, x);
        asm volatile("\(kept.register.hasPrefix("xmm") ? "pcmpeqd" : "xor") %%\(kept.register), %%\(kept.register)"
          : : : "\(kept.register)", "cc");
        return 3 * x;
      }
      """, replacing: ["scale"])
    let phases = try program.run(report)
    #expect(phases["original"] == "104000\n")
    #expect(phases["armed"] == "104000\n")
    #expect(phases["committed"] == "154000\n")
    #expect(phases["settled"] == "154000\n")
  }

  @Test(
    "A caller that may keep AVX, mask or MMX registers, or of which that is not known, is named, and nothing is built",
    arguments: [
      Kept(register: "ymm5", set: "vmovd %eax, %xmm5\\nvinsertf128 $1, %xmm5, %ymm5, %ymm5", get: "vmovd %xmm5, %edx"),
      Kept(register: "zmm17", set: "vpbroadcastq %rax, %zmm17", get: "vmovq %xmm17, %rdx"),
      Kept(register: "k1", set: "kmovq %rax, %k1", get: "kmovq %k1, %rdx"),
      Kept(register: "mm3", set: "movq %rax, %mm3", get: "movq %mm3, %rdx"),
      // An instruction of AVX512-FP16, which the decoder does not know.
      Kept(register: "an unknown one", set: "vaddph %zmm1, %zmm2, %zmm3", get: "mov $0, %edx"),
    ])
  func wide(kept: Kept) async throws {
    let program = try PatchedProgram(Self.program(keeping: kept))
    do {
      _ = try await program.build(Self.replacement, replacing: ["scale"])
      Issue.record("it was built")
    } catch let refused as BuildRefused {
      #expect(refused.refusals.map(\.reason) == [.wideRegisters(caller: "keeps")])
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
