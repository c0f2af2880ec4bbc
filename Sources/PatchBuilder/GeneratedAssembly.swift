/// The assembler file that stands beside the replacement objects: what no compiler makes.
struct GeneratedAssembly {
  private var text: [String] = []
  private var readOnly: [String] = []
  private var zeros: [String] = []

  /// Adds the moved entry instructions of a function.
  mutating func add(_ moved: MovedCode) {
    let name = moved.symbol
    text += [".p2align 4, 0xcc", ".globl \(name)", ".hidden \(name)", ".type \(name), @function", "\(name):"]
    text += moved.lines
    text.append(".size \(name), . - \(name)")
    if !moved.literals.isEmpty { readOnly += [".p2align 3"] + moved.literals }
  }

  /// Adds code that defines a symbol of its own.
  mutating func add(_ lines: [String]) {
    text += [".p2align 4, 0xcc"] + lines
  }

  /// Adds the code that makes the image known to the program's unwinder.
  mutating func addRegistration() {
    add(RegistrationRoutines.lines)
    zeros += RegistrationRoutines.state
  }

  /// The whole file.
  ///
  /// `info`: the name of the file with the artifact's description; nil to leave it out.
  func source(info: String?) -> String {
    var lines = ["# made by lpreconcile build"]
    if !text.isEmpty { lines += [".section .text.lpatch, \"ax\", @progbits"] + text }
    if !readOnly.isEmpty { lines += [".section .rodata.lpatch, \"a\", @progbits"] + readOnly }
    if !zeros.isEmpty { lines += [".section .bss.lpatch, \"aw\", @nobits"] + zeros }
    if let info { lines += [".section .lpatch.info, \"\", @progbits", ".incbin \"\(info)\""] }
    lines.append(".section .note.GNU-stack, \"\", @progbits")
    return lines.joined(separator: "\n") + "\n"
  }
}
