internal import Patch

/// The entry instructions of a function, rewritten so that they do the same at another place: as lines for the assembler.
struct MovedCode: Equatable, Sendable {
  /// The artifact's symbol of the copy.
  let symbol: String
  /// Where each instruction is in the original and in the copy.
  let instructions: [ReplacedFunction.MovedInstruction]
  /// The assembler lines of the copy, without its label.
  private(set) var lines: [String] = []
  /// The assembler lines of the return addresses that moved calls push, in read-only data.
  private(set) var literals: [String] = []
  /// The places of the target that the lines name.
  private(set) var places: Set<UInt64> = []

  /// The artifact's symbol for a place of the target.
  static func symbol(of place: UInt64) -> String { "lpatch.at.\(LinkAddress(place))" }

  /// Why instructions cannot be moved; nil when they can.
  ///
  /// `form`: whether the copy lies in reach of the function.
  static func obstacle(in instructions: [X86_64Instruction], form: BranchForm) -> String? {
    for instruction in instructions {
      if form == .far, instruction.ripOperand != nil, AbsoluteOperand(instruction) == nil {
        return "the instruction at \(LinkAddress(instruction.address)) reaches memory near it"
      }
      switch instruction.flow {
      case .other: return "the instruction at \(LinkAddress(instruction.address)) depends on where it lies"
      case .indirectCall where instruction.usesStackPointer:
        return "the call at \(LinkAddress(instruction.address)) reads its target from the stack"
      default: continue
      }
    }
    return nil
  }

  /// `plan`: a plan whose ``EntryPlan/cannotMove`` is nil.
  init(_ plan: EntryPlan, function address: UInt64) {
    symbol = "lpatch.\(plan.form == .near ? "moved" : "far").\(LinkAddress(address))"
    var size: UInt64 = 0
    var table: [ReplacedFunction.MovedInstruction] = []
    var code = Emission(symbol: symbol, isFar: plan.form == .far)
    for instruction in plan.instructions {
      table.append(ReplacedFunction.MovedInstruction(from: instruction.address - plan.place, to: size))
      size += code.emit(instruction)
    }
    if let resumesAt = plan.resumesAt { _ = code.jump(to: resumesAt) }
    instructions = table
    lines = code.lines
    literals = code.literals
    places = code.places
  }

  /// Collects the lines; each method says how many bytes its lines become.
  private struct Emission {
    let symbol: String
    /// Whether everything of the target may be out of reach of 32 bits.
    let isFar: Bool
    var lines: [String] = []
    var literals: [String] = []
    var places: Set<UInt64> = []

    mutating func emit(_ instruction: X86_64Instruction) -> UInt64 {
      switch instruction.flow {
      case .jump(let to): return jump(to: to)
      case .conditional(let to, let condition):
        guard isFar else {
          bytes([0x0f, 0x80 | condition])
          return 2 + relative(to, behind: 0)
        }
        // The opposite condition leads over a jump that reaches everything.
        bytes([0x70 | condition ^ 1, UInt8(jumpLength)])
        return 2 + jump(to: to)
      case .counted(let to):
        // Taken, over the jump that stands for the next instruction; else to it.
        bytes(Array(instruction.bytes.dropLast()) + [2, 0xeb, UInt8(jumpLength)])
        return UInt64(instruction.bytes.count) + 2 + jump(to: to)
      case .call(let to): return pushReturnAddress(instruction.end) + jump(to: to)
      case .indirectCall:
        // ff /2 is a call and ff /4 the jump with the same operand (Intel SDM 2, CALL and JMP).
        var jump = instruction.bytes
        jump[instruction.opcodeOffset + 1] ^= 0x10 ^ 0x20
        return pushReturnAddress(instruction.end) + copy(jump, instruction.ripOperand)
      case .next, .indirectJump, .return, .breakpoint, .stop, .other:
        return copy(instruction.bytes, instruction.ripOperand)
      }
    }

    /// The length of what ``jump(to:)`` makes.
    private var jumpLength: UInt64 { isFar ? 6 : 5 }

    mutating func jump(to target: UInt64) -> UInt64 {
      guard !isFar else {
        // jmp *literal(%rip)
        bytes([0xff, 0x25])
        return 2 + reference(toLiteral: target)
      }
      bytes([0xe9])
      return 1 + relative(target, behind: 0)
    }

    /// An instruction as it is, its displacement made anew.
    private mutating func copy(_ content: [UInt8], _ operand: X86_64Instruction.RIPOperand?) -> UInt64 {
      guard let operand else {
        bytes(content)
        return UInt64(content.count)
      }
      guard !isFar else { return absolute(content, operand) }
      let tail = content.count - operand.displacementOffset - 4
      bytes(Array(content.prefix(operand.displacementOffset)))
      _ = relative(operand.target, behind: tail)
      if tail > 0 { bytes(Array(content.suffix(tail))) }
      return UInt64(content.count)
    }

    /// The original return address, so that backtraces and exceptions pass: `push literal(%rip)`.
    private mutating func pushReturnAddress(_ address: UInt64) -> UInt64 {
      bytes([0xff, 0x35])
      return 2 + reference(toLiteral: address)
    }

    /// A 32-bit displacement to 8 bytes of the image that hold an address of the target.
    private mutating func reference(toLiteral address: UInt64) -> UInt64 {
      let literal = "\(symbol).literal.\(literals.count)"
      literals.append("\(literal): .quad \(place(address))")
      lines.append(".long \(literal) - . - 4")
      return 4
    }

    /// An instruction whose operand is out of reach, by its whole address.
    private mutating func absolute(_ content: [UInt8], _ operand: X86_64Instruction.RIPOperand) -> UInt64 {
      // What has no such form is an obstacle, and is not emitted.
      guard let form = AbsoluteOperand(content, operand) else { return 0 }
      bytes(form.load)
      lines.append(".quad \(place(operand.target))")
      if !form.access.isEmpty { bytes(form.access) }
      return UInt64(form.load.count + 8 + form.access.count)
    }

    /// A 32-bit displacement to a place of the target, with some bytes of the instruction behind it.
    private mutating func relative(_ target: UInt64, behind tail: Int) -> UInt64 {
      lines.append(".long \(place(target)) - . - \(4 + tail)")
      return 4
    }

    private mutating func place(_ address: UInt64) -> String {
      places.insert(address)
      return MovedCode.symbol(of: address)
    }

    private mutating func bytes(_ content: [UInt8]) {
      lines.append(".byte " + content.map { "0x" + [$0].hexadecimal }.joined(separator: ", "))
    }
  }
}
