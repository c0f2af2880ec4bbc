import Patch
import PatchBuilder
import Testing
import VictimKit

/// A function in assembly that takes a number in rdi and answers one in rax.
struct Head: Sendable, CustomTestStringConvertible {
  let name: String
  /// Its instructions; `f` is the function's own label.
  let code: String
  /// Whether 14 of its bytes can be moved to any distance.
  var reachesEverything = true
  var testDescription: String { name }
}

@Suite("A moved entry does what the original does")
struct MovedEntryTests {
  static let heads: [Head] = [
    Head(name: "plain", code: "lea 1(%rdi), %rax\nadd %rax, %rax\nret"),
    Head(name: "endbr64", code: "endbr64\nlea 1(%rdi), %rax\nadd %rax, %rax\nret", reachesEverything: false),
    Head(name: "RIP-relative load", code: "mov word(%rip), %rax\nadd %rdi, %rax\nret"),
    Head(
      name: "RIP-relative comparison with an immediate", code: "cmpl $77, word(%rip)\nsete %al\nmovzbl %al, %eax\nret",
      reachesEverything: false),
    Head(
      name: "RIP-relative byte operand with an immediate",
      code: "testb $1, word(%rip)\nsetne %al\nmovzbl %al, %eax\nret", reachesEverything: false),
    Head(name: "RIP-relative address", code: "lea word(%rip), %rax\nmov (%rax), %rax\nadd %rdi, %rax\nret"),
    Head(
      name: "short jcc", code: "test %rdi, %rdi\nje 1f\nmov $11, %eax\nret\n1: mov $22, %eax\nret",
      reachesEverything: false),
    Head(name: "near jcc", code: "test %rdi, %rdi\n{disp32} je 1f\nmov $11, %eax\nret\n1: mov $22, %eax\nret"),
    Head(name: "short jmp", code: "jmp 1f\n.skip 8, 0x90\n1: lea 3(%rdi), %rax\nret", reachesEverything: false),
    Head(name: "near jmp", code: "jmp callee"),
    Head(name: "jmp through memory", code: "jmp *pointer(%rip)", reachesEverything: false),
    Head(name: "call", code: "call callee\nadd $1, %rax\nret", reachesEverything: false),
    Head(name: "push and call", code: "push %rbx\ncall callee\npop %rbx\nret", reachesEverything: false),
    Head(name: "call through memory", code: "call *pointer(%rip)\nadd $2, %rax\nret", reachesEverything: false),
    Head(
      name: "call through a register, late", code: "lea callee(%rip), %rax\ncall *%rax\nret", reachesEverything: false),
    Head(
      name: "jrcxz", code: "mov %edi, %ecx\njrcxz 1f\nmov $5, %eax\nret\n1: mov $6, %eax\nret", reachesEverything: false
    ),
    Head(
      name: "loop", code: "mov %edi, %ecx\nloop 1f\nmov $5, %eax\nret\n1: mov $6, %eax\nret", reachesEverything: false),
    Head(
      name: "loop to the entry",
      code: "lea 2(%rdi), %rdi\ncmp $50, %rdi\njl f\nmov %rdi, %rax\nret"),
    Head(name: "load into r12", code: "push %r12\nmov word(%rip), %r12\nlea (%r12,%rdi), %rax\npop %r12\nret"),
    Head(name: "load into r13", code: "push %r13\nmov word(%rip), %r13\nlea (%r13,%rdi), %rax\npop %r13\nret"),
    Head(name: "load into rbp", code: "push %rbp\nmov word(%rip), %rbp\nlea (%rbp,%rdi), %rax\npop %rbp\nret"),
    Head(name: "load of 32 bits", code: "mov word(%rip), %r9d\nlea (%r9,%rdi), %rax\nret"),
    Head(
      name: "address in r15", code: "push %r15\nlea word(%rip), %r15\nmov (%r15), %rax\nadd %rdi, %rax\npop %r15\nret"),
    Head(
      name: "jrcxz over more than a branch",
      code: "mov %edi, %ecx\njrcxz 1f\nmov $5, %eax\nadd $0x1000, %rax\nret\n1: mov $6, %eax\nret"),
    Head(
      name: "call behind nine bytes",
      code: "lea 5(%rdi), %rsi\nmov %rsi, %rdi\nnop\nnop\ncall callee\nadd $3, %rax\nret"),
    Head(name: "push imm", code: "push $9\npop %rax\nadd %rdi, %rax\nret"),
    Head(name: "SSE", code: "cvtsi2sd %rdi, %xmm0\naddsd %xmm0, %xmm0\ncvttsd2si %xmm0, %rax\nret"),
    Head(name: "5 bytes", code: "mov $7, %eax\n"),
    Head(name: "6 bytes", code: "mov $8, %eax\nret"),
    Head(name: "4 bytes with padding", code: "mov %rdi, %rax\nret"),
    Head(name: "3 bytes with padding", code: "mov %edi, %eax\nret"),
    Head(name: "16 bytes", code: "movabs $0x1234567890, %rax\nadd %rdi, %rax\nnop\nnop\nret"),
  ]

  @Test("run before, armed, committed, settled and set back", arguments: heads, [true, false])
  func moved(head: Head, isPIE: Bool) async throws {
    var code = head.code
    // Exactly five bytes cannot end in a return: they go on in a jump of their own function's kind.
    if head.name == "5 bytes" { code = "jmp callee" }
    let program = try PatchedProgram(
      """
      #include <stdio.h>
      long f(long);
      void cases(void) { printf("%ld %ld %ld\\n", f(0), f(1), f(31)); }
      """,
      assembly: """
        .text
        .p2align 4
        .type callee, @function
        callee: lea 100(%rdi), %rax
        ret
        .size callee, . - callee
        .p2align 4
        .globl f
        .type f, @function
        f: \(code)
        .size f, . - f
        .p2align 4
        .data
        .p2align 3
        word: .quad 77
        pointer: .quad callee
        .section .note.GNU-stack,"",@progbits

        """,
      flags: isPIE ? ["-O2", "-fPIE", "-pie"] : ["-O2", "-fno-pic", "-no-pie"])
    let report = try await program.build("long f(long x) { return -x - 1; }", replacing: ["f"])
    #expect(report.info.functions[0].entry.offset == (head.name == "endbr64" ? 4 : 0))
    #expect((report.info.functions[0].entry.far != nil) == head.reachesEverything)
    for form in head.reachesEverything ? [BranchForm.near, .far] : [.near] {
      let phases = try program.run(report, form: form)
      let before = try #require(phases["original"])
      #expect(before != "-1 -2 -32\n")
      #expect(phases["armed"] == before)
      #expect(phases["committed"] == "-1 -2 -32\n")
      #expect(phases["settled"] == "-1 -2 -32\n")
      #expect(phases["reverted"] == before)
      #expect(phases["restored"] == before)
    }
    if case .moved(_, _, let loops) = report.info.functions[0].entry.gate {
      #expect(loops == (head.name == "loop to the entry"))
    } else {
      Issue.record("not gated")
    }
  }

  @Test(
    "What cannot be moved is refused by its reason",
    arguments: [
      (code: "xor %eax, %eax\n1: inc %eax\ncmp $9, %eax\njl 1b\nret", wanted: BuildCode.branchInto),
      (code: "ret", wanted: BuildCode.tooShort),
      (code: "int3\nmov %rdi, %rax\nret\nnop", wanted: BuildCode.breakpoint),
      (code: "adc %rdi, %rdi\nmov %rdi, %rax\nret", wanted: BuildCode.cannotMove),
      (code: "push %rdi\ncall *%rsi\npop %rax\nret", wanted: BuildCode.branchInto),
    ])
  func refused(code: String, wanted: BuildCode) async throws {
    let program = try PatchedProgram(
      "long f(long);\nvoid cases(void) {}\nlong (*keep)(long) = f;\n",
      assembly: """
        .text
        .globl f
        .type f, @function
        f: \(code)
        .size f, . - f
        .byte 0x48, 0x89, 0xf8, 0xc3
        .section .note.GNU-stack,"",@progbits

        """)
    do {
      _ = try await program.build("long f(long x) { return x; }", replacing: ["f"])
      Issue.record("was built")
    } catch let refused as BuildRefused {
      #expect(refused.refusals.map(\.code) == [wanted])
    }
  }

  @Test("The same inputs give the same bytes")
  func deterministic() async throws {
    let source = "#include <stdio.h>\nint f(int x) { return printf(\"%s %d\", __FILE__ __TIME__, x); }"
    let target = "int f(int x) { return x; }\nvoid cases(void) {}\n"
    let first = try PatchedProgram(target)
    let one = try await first.build(source, replacing: ["f"], flags: ["-Wno-date-time"])
    let two = try await first.build(source, replacing: ["f"], flags: ["-Wno-date-time"], output: "again.lpatch")
    #expect(one.sha256 == two.sha256)
    #expect(try PatchedProgram.read(one.artifact) == PatchedProgram.read(two.artifact))
    let text = String(decoding: try PatchedProgram.read(one.artifact), as: UTF8.self)
    #expect(!text.contains("lpreconcile-build"))
  }
}
