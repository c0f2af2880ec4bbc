import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("What a replacement refers to is found, or refused by name")
struct ReferenceTests {
  static let twoFiles = """
    #include <stdio.h>
    int other(int x);
    static volatile int level = 10;
    static __attribute__((noipa)) int step(int x) { return level + x; }
    __attribute__((noipa)) int ask(int x) { return x; }
    void cases(void) { printf("%d %d %d\\n", step(1), other(1), ask(1)); }
    """
  static let second = """
    static volatile int level = 20;
    static __attribute__((noipa)) int step(int x) { return level + x; }
    int other(int x) { return step(x) + 0 * level; }
    """

  private func reasons(_ build: () async throws -> BuildReport) async throws -> [BuildRefusal.Reason] {
    do {
      _ = try await build()
      return []
    } catch let refused as BuildRefused {
      return refused.refusals.map(\.reason)
    }
  }

  @Test(
    "One of two static functions of one name is replaced as the request says", arguments: ["program.c", "helper.c"])
  func staticFunction(file: String) async throws {
    let program = try PatchedProgram(Self.twoFiles, helper: Self.second)
    let replacement = "int step(int x) { return 100 + x; }"
    let found = try await reasons { try await program.build(replacement, replacing: ["step"]) }
    guard case .functionAmbiguous(let candidates) = found.first else {
      Issue.record("\(found)")
      return
    }
    #expect(candidates.sorted() == ["helper.c:step", "program.c:step"])
    let report = try await program.build(replacement, replacing: ["\(file):step"])
    #expect(try program.run(report)["committed"] == (file == "program.c" ? "101 21 1\n" : "11 101 1\n"))
    let address = report.info.functions[0].address
    let again = try await program.build(replacement, replacing: ["step@\(address)"], output: "again.lpatch")
    #expect(again.sha256 == report.sha256)
  }

  @Test("The address of a function that replaces two is refused, a call is not")
  func addressOfTwo() async throws {
    let program = try PatchedProgram(Self.twoFiles, helper: Self.second)
    let both = ["program.c:step", "helper.c:step"]
    let found = try await reasons {
      try await program.build(
        "int step(int x);\nint (*volatile kept)(int) = step;\nint step(int x) { return x; }", replacing: both)
    }
    guard case .addressAmbiguous(let candidates) = found.first else {
      Issue.record("\(found)")
      return
    }
    #expect(candidates.count == 2 && candidates.allSatisfy { $0.hasPrefix("step@0x") })
    let report = try await program.build("int step(int x) { return x > 99 ? x : step(x + 100); }", replacing: both)
    #expect(try program.run(report)["committed"] == "101 101 1\n")
  }

  @Test(
    "One of two static variables of one name is meant as the request says",
    arguments: [("program.c", 10), ("helper.c", 20)])
  func staticVariable(choice: (file: String, value: Int)) async throws {
    let program = try PatchedProgram(Self.twoFiles, helper: Self.second)
    let replacement = "extern volatile int level;\nint ask(int x) { return level; }"
    let found = try await reasons { try await program.build(replacement, replacing: ["ask"]) }
    guard case .symbolAmbiguous(let candidates) = found.first else {
      Issue.record("\(found)")
      return
    }
    #expect(candidates.count == 2)
    let report = try await program.build(replacement, replacing: ["ask"], choices: ["\(choice.file):level"])
    #expect(try program.run(report)["committed"] == "11 21 \(choice.value)\n")
  }

  @Test("A name that is nowhere is refused with the names that are like it")
  func unknown() async throws {
    let program = try PatchedProgram(
      "void log_message(const char *t) { (void)t; }\nint ask(int x) { return x; }\nvoid cases(void) {}\n")
    let found = try await reasons {
      try await program.build(
        "void log_mesage(const char *);\nint ask(int x) { log_mesage(\"\"); return x; }", replacing: ["ask"])
    }
    #expect(found == [.symbolUnknown(similar: ["log_message"])])
    let misspelt = try await reasons { try await program.build("int aks(int x) { return x; }", replacing: ["aks"]) }
    #expect(misspelt.count == 1)
  }

  @Test("A thread-local variable of an executable is read and written", arguments: ["gcc", "clang"], [true, false])
  func threadLocal(compiler: String, isPIE: Bool) async throws {
    let program = try PatchedProgram(
      """
      #include <stdio.h>
      __thread int first = 5;
      static __thread volatile int counter = 70;
      __attribute__((noipa)) int ask(int x) { return first + counter + x; }
      void cases(void) { counter = 70; printf("%d", ask(1)); printf(" %d %d\\n", first, counter); }
      """, flags: isPIE ? ["-O2", "-fPIE", "-pie"] : ["-O2", "-fno-pic", "-no-pie"])
    let report = try await program.build(
      "extern __thread int first;\nextern __thread volatile int counter;\n"
        + "int ask(int x) { counter += 1; return first * 1000 + counter; }", replacing: ["ask"], compiler: compiler)
    let phases = try program.run(report)
    #expect(phases["original"] == "76 5 70\n")
    #expect(phases["committed"] == "5071 5 71\n")
    #expect(phases["restored"] == "76 5 70\n")
  }

  @Test("A weak symbol that nothing defines is null, and one that is defined is not", arguments: ["gcc", "clang"])
  func weak(compiler: String) async throws {
    let program = try PatchedProgram(Self.twoFiles, helper: Self.second)
    let report = try await program.build(
      """
      extern int nobody_has_this(int) __attribute__((weak));
      extern int other(int) __attribute__((weak));
      extern int atoi(const char *) __attribute__((weak));
      __attribute__((weak)) int own(int x) { return x + 1000; }
      int ask(int x) {
        int (*volatile function)(int) = nobody_has_this;
        return (function ? 1 : 2) + (other ? 10 * other(1) : 0) + (atoi ? atoi("5000") : 0) + own(x - 1);
      }
      """, replacing: ["ask"], compiler: compiler)
    #expect(report.info.imports.contains { $0.symbol == "nobody_has_this" && $0.weak })
    #expect(try program.run(report)["committed"] == "11 21 6212\n")
  }

  @Test("A symbol is imported in the version that the target itself asks for")
  func version() async throws {
    let program = try PatchedProgram(
      """
      #include <string.h>
      asm(".symver memcpy, memcpy@GLIBC_2.2.5");
      __attribute__((noipa)) int ask(char *to, const char *from, unsigned long size) { memcpy(to, from, size); return 1; }
      void cases(void) {}
      """)
    let report = try await program.build(
      "#include <string.h>\nint ask(char *to, const char *from, unsigned long size) { memcpy(to, from, size); return 2; }",
      replacing: ["ask"])
    #expect(
      report.info.imports == [ImportReference("memcpy", version: "GLIBC_2.2.5", library: "libc.so.6", weak: false)])
  }

  @Test("A function too short for a branch is refused with its size, one whose entry crosses a page by its address")
  func entries() async throws {
    let program = try PatchedProgram(
      "long f(long);\nvoid cases(void) {}\n",
      assembly: """
        .text
        .p2align 12
        .skip 4093, 0x90
        .type crossing, @function
        crossing: lea 1(%rdi), %rax
        ret
        .size crossing, . - crossing
        .globl f
        .type f, @function
        f: xor %eax, %eax
        ret
        .size f, . - f
        .byte 0x48, 0x89, 0xf8, 0xc3
        .section .note.GNU-stack,"",@progbits

        """)
    let found = try await reasons {
      try await program.build(
        "long f(long x) { return x; }\nlong crossing(long x) { return x; }", replacing: ["f", "crossing"])
    }
    #expect(found.contains(.entry(.tooShort(size: 3, usable: 3))))
    let crosses = found.contains {
      if case .entry(.crossesPage(let at)) = $0 { at.value % 4096 == 4093 } else { false }
    }
    #expect(crosses && found.count == 2, "\(found)")
  }
}
