package import Patch
internal import VictimKit

/// Descriptions of `host_patched` of `image-host.c`, whose entry is a 10-byte instruction.
package enum HostEntry {
  /// Its symbol.
  package static let symbol = "host_patched"

  /// A replacement in the direct form.
  package static func direct(replacement: String, in host: ElfFile, length: UInt64 = 5) throws -> ReplacedFunction {
    let place = try symbol(in: host)
    return ReplacedFunction(
      symbol: symbol, at: LinkAddress(place.value), size: place.size,
      sha256: SHA256Digest(of: try host.content(at: LinkAddress(place.value), count: place.size)),
      replacement: replacement,
      entry: ReplacedFunction.Entry(
        at: 0, original: try host.content(at: LinkAddress(place.value), count: length),
        gate: .direct(reason: "a test of the linker")))
  }

  /// A replacement with a gate; the moved copy is the symbol `moved` of ``movedCopy(length:)``.
  package static func gated(replacement: String, in host: ElfFile, length: UInt64 = 5) throws -> ReplacedFunction {
    var function = try direct(replacement: replacement, in: host, length: length)
    var instructions = [ReplacedFunction.MovedInstruction(from: 0, to: 0)]
    if length > 10 { instructions += [.init(from: 10, to: 10), .init(from: 13, to: 13)] }
    function.entry.gate = .moved(symbol: "moved", instructions: instructions, branchesToEntry: false)
    return function
  }

  /// The moved entry in assembly: whole instructions, and a jump behind them.
  package static func movedCopy(length: UInt64) -> String {
    let rest =
      length > 10 ? "  add %rdi, %rax\n  lea 5(%rax), %rax\n  jmp host_patched + 17\n" : "  jmp host_patched + 10\n"
    return """
      .text
      .type moved, @function
      .globl moved
      moved:
        .cfi_startproc
        movabs $0x1111111111111111, %rax
      \(rest)  .cfi_endproc
      .size moved, .-moved
      .section .note.GNU-stack,"",@progbits

      """
  }

  /// The absolute form beside the near one; its copy is the symbol `far` of ``farCopy``.
  package static func far(in host: ElfFile) throws -> ReplacedFunction.FarEntry {
    let place = try symbol(in: host)
    return ReplacedFunction.FarEntry(
      original: try host.content(at: LinkAddress(place.value), count: 14), symbol: "far",
      instructions: [.init(from: 0, to: 0), .init(from: 10, to: 10), .init(from: 13, to: 13)], branchesToEntry: false)
  }

  /// The moved entry of the absolute form in assembly, which reaches the function from anywhere.
  package static let farCopy = """
    .text
    .type far, @function
    .globl far
    far:
      .cfi_startproc
      movabs $0x1111111111111111, %rax
      add %rdi, %rax
      lea 5(%rax), %rax
      jmp *1f(%rip)
    1: .quad host_patched + 17
      .cfi_endproc
    .size far, .-far
    .section .note.GNU-stack,"",@progbits

    """

  private static func symbol(in host: ElfFile) throws -> ElfSymbol {
    guard let found = try host.symbols(.full).first(where: { $0.name == symbol }) else {
      throw VictimTrouble("the host has no \(symbol)")
    }
    return found
  }
}
