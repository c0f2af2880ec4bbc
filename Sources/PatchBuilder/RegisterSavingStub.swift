/// The code before a replacement whose callers rely on registers that the original does not write, and on no more of the
/// stack's alignment than the original needs.
struct RegisterSavingStub: Equatable, Sendable {
  /// The artifact's symbol of the stub.
  let symbol: String
  /// The replacement that it calls.
  let replacement: String
  let saved: RegisterSet

  /// The assembler lines.
  ///
  /// No register is changed before the replacement runs, and after it only those saved are put back,
  /// so arguments (`al` of a variadic call among them) and results pass; arguments on the stack would not.
  ///
  /// ```
  ///   old rbp │ … 0 to 8 bytes of alignment … │ general registers │ vector registers │ return address of the replacement
  /// ```
  var lines: [String] {
    let general = saved.general
    let vectors = saved.vectors
    let vectorSize = vectors.count * 16
    let size = vectorSize + (general.count * 8 + 15) / 16 * 16
    let generalSlots = general.enumerated().map { ("%\($1)", "\(vectorSize + $0 * 8)(%rsp)") }
    let vectorSlots = vectors.enumerated().map { ("%xmm\($1)", "\($0 * 16)(%rsp)") }
    return [
      ".globl \(symbol)", ".hidden \(symbol)", ".type \(symbol), @function", "\(symbol):", ".cfi_startproc",
      "push %rbp", ".cfi_def_cfa_offset 16", ".cfi_offset %rbp, -16", "mov %rsp, %rbp", ".cfi_def_cfa_register %rbp",
      "and $-16, %rsp", "sub $\(size), %rsp",
    ]
      + generalSlots.map { "mov \($0.0), \($0.1)" } + vectorSlots.map { "movaps \($0.0), \($0.1)" }
      + ["call \(replacement)"]
      + generalSlots.map { "mov \($0.1), \($0.0)" } + vectorSlots.map { "movaps \($0.1), \($0.0)" }
      + ["leave", ".cfi_def_cfa %rsp, 8", "ret", ".cfi_endproc", ".size \(symbol), . - \(symbol)"]
  }
}
