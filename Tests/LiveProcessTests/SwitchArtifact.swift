import ArtifactKit
import LiveProcess
import Patch
import VictimKit

/// An artifact for functions that begin as those of `switch.c` do.
struct SwitchArtifact {
  /// How the functions begin: the instructions under the branch.
  struct Head {
    /// What compiles the program so.
    var flags: [String]
    var instructions: String
    /// Where each of them begins.
    var offsets: [UInt64]
    /// Where the function goes on.
    var end: Int

    static let plain = Head(
      flags: [], instructions: "push %rbp\n  mov %rsp, %rbp\n  lea 1(%rdi), %eax", offsets: [0, 1, 4], end: 7)
    /// Threads stand between them most of the time.
    static let spins = Head(
      flags: ["-DSPINS"], instructions: "push %rbp\n  pause\n  pause", offsets: [0, 1, 3], end: 5)
    /// A signal comes behind the first.
    static let traps = Head(
      flags: ["-DTRAPS"], instructions: "push %rbp\n  ud2\n  xchg %ax, %ax", offsets: [0, 1, 3], end: 5)
  }

  var functions: Range<Int>
  /// What they add, in thousands.
  var generation = 1
  var head = Head.plain
  /// A source of `Tests/Victims` that has the new function as `new_0`.
  var replacement: String?

  /// The artifact's bytes.
  func make(of target: ElfFile, in directory: TemporaryDirectory) throws -> [UInt8] {
    let symbols = Dictionary(
      try target.symbols(.full).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var assembly = ".text\n"
    var replaced: [ReplacedFunction] = []
    for index in functions {
      let name = "function_\(index)"
      guard let symbol = symbols[name] else { throw VictimTrouble("the victim has no \(name)") }
      if replacement == nil { assembly += newFunction(index) }
      assembly += """
        .globl moved_\(index)
        .type moved_\(index), @function
        moved_\(index):
          \(head.instructions)
          jmp \(name) + \(head.end)
        .size moved_\(index), .-moved_\(index)

        """
      let at = LinkAddress(symbol.value)
      replaced.append(
        ReplacedFunction(
          symbol: name, at: at, size: symbol.size,
          sha256: SHA256Digest(of: try target.content(at: at, count: symbol.size)), replacement: "new_\(index)",
          entry: ReplacedFunction.Entry(
            at: 0, original: try target.content(at: at, count: 5),
            gate: .moved(
              symbol: "moved_\(index)",
              instructions: head.offsets.map { ReplacedFunction.MovedInstruction(from: $0, to: $0) },
              branchesToEntry: false))))
    }
    assembly += ".section .note.GNU-stack,\"\",@progbits\n"
    try TestFile.write(Array(assembly.utf8), to: directory.file("new.s"))
    var recipe = ArtifactRecipe(
      sources: [directory.file("new.s")] + (replacement.map { [VictimProgram.sources + "/" + $0] } ?? []),
      flags: ["-O2"], target: target, functions: replaced.sorted { $0.address < $1.address })
    if generation > 1 { recipe.name = "test-\(generation)" }
    return try recipe.make(in: directory)
  }

  private func newFunction(_ index: Int) -> String {
    """
    .globl new_\(index)
    .type new_\(index), @function
    new_\(index):
      .cfi_startproc
      lea \(generation * 1000 + 1)(%rdi), %eax
      ret
      .cfi_endproc
    .size new_\(index), .-new_\(index)

    """
  }
}
