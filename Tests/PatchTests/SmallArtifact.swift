import ArtifactKit
import Patch
import Testing
import VictimKit

/// An artifact of a few functions, made once: a gate, relocations of several kinds, a common symbol, call-frame information.
enum SmallArtifact {
  static let source = """
    extern int host_numbers[16];
    extern __thread unsigned long host_tls;
    unsigned long host_helper(unsigned long);
    unsigned long strtoul(const char *, char **, int);
    static const char *const texts[] = {"one", "two"};
    static unsigned long calls;
    int shared;
    unsigned long fixed(unsigned long n) {
      calls++;
      return host_helper(n) + (unsigned long)host_numbers[n & 15] + (host_tls & 1) * 10 + (strtoul(texts[n & 1], 0, 36) & 1) + 100 +
        (unsigned long)shared;
    }

    """

  static let made: Result<[UInt8], VictimTrouble> = {
    do { return .success(try make(length: 5)) } catch { return .failure(VictimTrouble("\(error)")) }
  }()

  /// Makes it anew, for a branch of a length.
  static func make(length: UInt64, flags: [String] = []) throws -> [UInt8] {
    let host = try ImageHost(flags: ["-pie", "-fPIE"])
    let directory = try TemporaryDirectory()
    try TestFile.write(Array(source.utf8), to: directory.file("fixed.c"))
    try TestFile.write(Array(HostEntry.movedCopy(length: length).utf8), to: directory.file("moved.s"))
    try TestFile.write(Array(HostEntry.farCopy.utf8), to: directory.file("far.s"))
    var function = try HostEntry.gated(replacement: "fixed", in: host.elf, length: length)
    // Beside the near form, and with a piece elsewhere: everything that a description can say.
    if length == 5 { function.entry.far = try HostEntry.far(in: host.elf) }
    function.parts = [ReplacedFunction.Part(at: LinkAddress(0x40), size: 16)]
    let recipe = ArtifactRecipe(
      sources: [directory.file("fixed.c"), directory.file("moved.s"), directory.file("far.s")],
      flags: ["-O2", "-fPIE", "-fcommon"] + flags, target: host.elf, functions: [function])
    return try recipe.make(in: directory)
  }
}
