/// An instruction with an operand relative to the instruction pointer, rewritten to do the same by the operand's whole address.
///
/// Only where the address can go through the very register that the instruction writes, so that nothing else changes: `lea`, which is
/// by far the most frequent at an entry, and loads of 32 and 64 bits. `movabs` sets no flag (Intel SDM volume 2, MOV).
struct AbsoluteOperand: Equatable, Sendable {
  /// `movabs $address, %register`, without the address.
  let load: [UInt8]
  /// What follows the address: the access through the register; empty for `lea`.
  let access: [UInt8]

  /// Nil for an instruction that has no such form.
  init?(_ instruction: X86_64Instruction) {
    guard let operand = instruction.ripOperand else { return nil }
    self.init(instruction.bytes, operand)
  }

  /// `bytes`: the instruction.
  init?(_ bytes: [UInt8], _ operand: X86_64Instruction.RIPOperand) {
    // [REX] opcode ModRM disp32, with nothing before and behind: no other prefix, no immediate.
    var rest = bytes[...]
    var prefix: UInt8 = 0
    if let first = rest.first, first & 0xf0 == 0x40 { prefix = rest.removeFirst() }
    guard rest.count == 6, operand.displacementOffset == bytes.count - 4, let opcode = rest.first,
      let form = rest.dropFirst().first,
      form & 0xc7 == 0x05
    else { return nil }
    let isWide = prefix & 8 != 0
    let number = (form >> 3) & 7
    let extended = prefix & 4 != 0
    let load: [UInt8] = [0x48 | (extended ? 1 : 0), 0xb8 | number]
    switch opcode {
    // lea of 64 bits; one of 32 bits cuts the address, which nobody means.
    case 0x8d where isWide:
      self.init(load: load, access: [])
    // mov memory, register: through the register itself. As a base rsp and r12 need an index byte, rbp and r13 a displacement.
    case 0x8b:
      let rex: UInt8 = 0x40 | (isWide ? 8 : 0) | (extended ? 5 : 0)
      var access: [UInt8] = rex == 0x40 ? [0x8b] : [rex, 0x8b]
      switch number {
      // The stack pointer must stay one: a signal could come in between.
      case 4 where !extended: return nil
      case 4: access += [0x24, 0x24]
      case 5: access += [0x6d, 0x00]
      default: access.append(number << 3 | number)
      }
      self.init(load: load, access: access)
    default: return nil
    }
  }

  private init(load: [UInt8], access: [UInt8]) {
    self.load = load
    self.access = access
  }
}
