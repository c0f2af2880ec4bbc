import Patch
import PatchBuilder
import Testing
import VictimKit

@Suite("A replacement may be compiled with _FORTIFY_SOURCE")
struct FortifyTests {
  static let flags = ["-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]

  @Test(
    "Each check of the C library that chooses its implementation at start is in the image, and the others are plain functions"
  )
  func all() throws {
    let library = try ElfFile(path: "/lib/x86_64-linux-gnu/libc.so.6")
    let checks = try library.symbols(.dynamic).filter {
      $0.isDefined && $0.name.hasPrefix("__") && $0.name.hasSuffix("_chk")
    }
    #expect(checks.count > 50)
    for check in checks {
      #expect((check.type == .indirectFunction) == (FortifyCheck.plain(check.name) != nil), "\(check.name)")
    }
  }

  /// A call of a checked function into `room` of 16 elements, what the third element is then, and the largest size
  /// that fits.
  struct Check: Sendable, CustomTestStringConvertible {
    var name: String
    var type = "char"
    var call: String
    var third: Character
    var most = 16
    var testDescription: String { name }
  }

  static let checks = [
    Check(name: "memcpy", call: "memcpy(room, text, size)", third: "c"),
    Check(name: "memmove", call: "memmove(room, text, size)", third: "c"),
    // Where nobody asks for the result, gcc makes it a memcpy.
    Check(name: "mempcpy", call: "__asm__ volatile(\"\" : : \"r\"(mempcpy(room, text, size)))", third: "c"),
    Check(name: "memset", call: "memset(room, text[0], size)", third: "a"),
    // clang does not take the C library's header for it, which would put the check in.
    Check(name: "wmemset", type: "wchar_t", call: "__wmemset_chk(room, text[0], size, 16)", third: "a"),
    // These are plain functions of the C library.
    Check(name: "strcpy", call: "if (size > 3) text = long_text; strcpy(room, text)", third: "c", most: 3),
    Check(name: "strcat", call: "if (size > 3) text = long_text; strcat(room, text)", third: "c", most: 3),
    Check(name: "strncpy", call: "strncpy(room, text, size)", third: "c"),
    Check(name: "sprintf", call: "if (size > 3) text = long_text; sprintf(room, \"%s\", text)", third: "c", most: 3),
    Check(name: "snprintf", call: "snprintf(room, size + 1, \"%s\", text)", third: "c", most: 15),
  ]

  @Test("What fits is done, and what does not ends the program", arguments: checks, ["gcc", "clang"])
  func checked(check: Check, compiler: String) async throws {
    let program = try PatchedProgram(
      """
      #include <stdio.h>
      #include <sys/wait.h>
      #include <unistd.h>
      const char *volatile long_text = "abcdefghijklmnopqrstuvwxyz";
      __attribute__((noipa)) int copied(const char *text, unsigned long size) { return (int)size * (text[0] == 'a'); }
      void cases(void) {
        char text[200] = "abc";
        fflush(stdout);
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
          close(2);
          copied(text, 150);
          _exit(0);
        }
        waitpid(child, &status, 0);
        int end = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        printf("%d %d %d\\n", copied(text, 3), end, copied(text, \(check.most)));
      }
      """)
    let report = try await program.build(
      """
      #define _GNU_SOURCE
      #include <stdio.h>
      #include <string.h>
      #include <wchar.h>
      extern const char *volatile long_text;
      extern wchar_t *__wmemset_chk(wchar_t *, wchar_t, size_t, size_t);
      int copied(const char *text, unsigned long size) {
        \(check.type) room[16] = {0};
        \(check.call);
        __asm__ volatile("" : : "r"(room) : "memory");
        return (int)room[2];
      }
      """, replacing: ["copied"], compiler: compiler, flags: Self.flags)
    let names = report.info.imports.map(\.symbol)
    // The compiler has put the check in, and what the image brings is not looked for in the process.
    if FortifyCheck.plain("__\(check.name)_chk") != nil {
      #expect(names.contains("__chk_fail") && names.contains(check.name) && !names.contains("__\(check.name)_chk"))
    } else {
      #expect(names.contains { $0.hasSuffix("_chk") }, "\(names)")
    }
    let phases = try program.run(report)
    #expect(phases["original"] == "3 0 \(check.most)\n")
    // SIGABRT, from the check of the overflow.
    let third = check.third.asciiValue ?? 0
    #expect(phases["committed"] == "\(third) 6 \(third)\n")
    #expect(phases["settled"] == phases["committed"])
  }
}
