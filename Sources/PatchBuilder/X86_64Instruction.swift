/// One decoded instruction: what the builder needs to know of it.
struct X86_64Instruction: Equatable, Sendable {
  /// Its link-time address.
  let address: UInt64
  let bytes: [UInt8]
  let flow: Flow
  /// Where the opcode of a branch begins, behind its prefixes.
  let opcodeOffset: Int
  /// The memory operand that is relative to the instruction pointer; nil where there is none.
  let ripOperand: RIPOperand?
  /// Whether a memory operand or the computed address uses the stack pointer.
  let usesStackPointer: Bool
  /// Whether it reads or writes memory below the stack pointer, by a negative displacement.
  let belowStackPointer: Bool
  let flagsRead: StatusFlags
  let flagsWritten: StatusFlags
  /// The registers that it certainly writes.
  let written: RegisterSet
  /// The registers that it may write: every one that it names or implies.
  let mayWrite: RegisterSet
  /// Whether it needs memory that is aligned to 16 bytes or more, as `movaps` does.
  let needsAlignedMemory: Bool
  /// Whether it is a `nop` of some length, or `int3`: what compilers and assemblers put between functions.
  let isPadding: Bool

  var end: UInt64 { address &+ UInt64(bytes.count) }

  /// Where control goes behind the instruction.
  enum Flow: Equatable, Sendable {
    case next
    case jump(to: UInt64)
    /// A conditional jump; the condition code is the low half of its opcode.
    case conditional(to: UInt64, condition: UInt8)
    /// `jrcxz`, `jecxz`, `loop`, `loope`, `loopne`: a conditional jump with an 8-bit displacement only.
    case counted(to: UInt64)
    case call(to: UInt64)
    case indirectJump
    case indirectCall
    case `return`
    /// `int3`.
    case breakpoint
    /// `ud2`, `hlt` and their kin: does not go on.
    case stop
    /// Changes control in a way that depends on where it lies: `xbegin`, far branches, `sysret`.
    case other
  }

  /// A memory operand relative to the instruction pointer.
  struct RIPOperand: Equatable, Sendable {
    /// Where its 32-bit displacement begins.
    let displacementOffset: Int
    /// The address that it stands for.
    let target: UInt64
  }

  /// Whether control never goes on to the next instruction.
  var endsFlow: Bool {
    switch flow {
    case .jump, .indirectJump, .return, .stop: true
    case .next, .conditional, .counted, .call, .indirectCall, .breakpoint, .other: false
    }
  }

  var isCall: Bool {
    switch flow {
    case .call, .indirectCall: true
    default: false
    }
  }

  /// Where a direct branch other than a call goes; nil for anything else.
  var jumpTarget: UInt64? {
    switch flow {
    case .jump(let target), .conditional(let target, _), .counted(let target): target
    default: nil
    }
  }
}
