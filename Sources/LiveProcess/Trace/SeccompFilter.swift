internal import CTrace
internal import Glibc

/// A thread's seccomp filter, as a program that can be asked what it would do to a system call of ours.
///
/// Classic BPF as seccomp(2) allows it (`seccomp_check_filter` in the kernel's kernel/seccomp.c), run on values of which some
/// are not known: at a branch on one of those both ways are followed.
struct SeccompFilter: Equatable, Sendable {
  struct Instruction: Equatable, Sendable {
    var code: UInt16
    var jumpTrue: UInt8
    var jumpFalse: UInt8
    var operand: UInt32
  }
  let instructions: [Instruction]

  init(_ instructions: [Instruction]) { self.instructions = instructions }

  /// The 16 words of struct seccomp_data; nil where a word is not known.
  struct Input: Equatable, Sendable {
    var words: [UInt32?]

    init(number: Int, instructionPointer: UInt64?, arguments: [UInt64?]) {
      func halves(_ value: UInt64?) -> [UInt32?] {
        [value.map { UInt32(truncatingIfNeeded: $0) }, value.map { UInt32($0 >> 32) }]
      }
      // AUDIT_ARCH_X86_64 behind the number.
      words = [UInt32(number), 0xc000_003e] + halves(instructionPointer)
      for index in 0..<6 { words += halves(index < arguments.count ? arguments[index] : nil) }
    }
  }

  private struct Machine: Hashable {
    var next: Int
    var a: UInt32? = 0
    var x: UInt32? = 0
    var memory = [UInt32?](repeating: 0, count: 16)
  }

  /// Whether every way through the filter lets the call pass (SECCOMP_RET_ALLOW or SECCOMP_RET_LOG).
  ///
  /// False too for a program that we do not understand or that has too many ways.
  func allows(_ input: Input) -> Bool {
    var open = [Machine(next: 0)]
    var seen: Set<Machine> = []
    while var machine = open.popLast() {
      guard instructions.indices.contains(machine.next), seen.count < 20_000 else { return false }
      guard seen.insert(machine).inserted else { continue }
      let instruction = instructions[machine.next]
      machine.next += 1
      switch instruction.code & 7 {
      case 6:  // RET
        let value = instruction.code & 0x18 == 0x10 ? machine.a : instruction.operand
        guard let action = value.map({ $0 & 0xffff_0000 }), action == 0x7fff_0000 || action == 0x7ffc_0000 else {
          return false
        }
      case 5:  // JMP
        guard let targets = Self.targets(of: instruction, machine) else { return false }
        for target in targets {
          var copy = machine
          copy.next += target
          open.append(copy)
        }
      default:
        guard step(instruction, &machine, input) else { return false }
        open.append(machine)
      }
    }
    return true
  }

  /// How far the ways go that a jump can take.
  private static func targets(of instruction: Instruction, _ machine: Machine) -> [Int]? {
    let operation = instruction.code & 0xf0
    if operation == 0 { return [Int(instruction.operand)] }
    let right = instruction.code & 8 == 0 ? instruction.operand : machine.x
    let both = [Int(instruction.jumpTrue), Int(instruction.jumpFalse)]
    guard let a = machine.a, let right else { return both }
    switch operation {
    case 0x10: return [both[a == right ? 0 : 1]]
    case 0x20: return [both[a > right ? 0 : 1]]
    case 0x30: return [both[a >= right ? 0 : 1]]
    case 0x40: return [both[a & right != 0 ? 0 : 1]]
    default: return nil
    }
  }

  /// Runs one instruction that neither jumps nor returns; false for one that seccomp does not allow.
  private func step(_ instruction: Instruction, _ machine: inout Machine, _ input: Input) -> Bool {
    let operand = instruction.operand
    let cell = Int(operand)
    switch instruction.code {
    case 0x20:  // LD W ABS
      guard operand % 4 == 0, cell / 4 < input.words.count else { return false }
      machine.a = input.words[cell / 4]
    case 0x80: machine.a = 64  // LD LEN: the size of struct seccomp_data
    case 0x81: machine.x = 64
    case 0x00: machine.a = operand
    case 0x01: machine.x = operand
    case 0x60 where cell < 16: machine.a = machine.memory[cell]
    case 0x61 where cell < 16: machine.x = machine.memory[cell]
    case 0x02 where cell < 16: machine.memory[cell] = machine.a
    case 0x03 where cell < 16: machine.memory[cell] = machine.x
    case 0x07: machine.x = machine.a
    case 0x87: machine.a = machine.x
    case 0x84: machine.a = machine.a.map { 0 &- $0 }
    case let code where code & 7 == 4:
      let right = code & 8 == 0 ? operand : machine.x
      guard let a = machine.a, let right else {
        machine.a = nil
        return true
      }
      switch code & 0xf0 {
      case 0x00: machine.a = a &+ right
      case 0x10: machine.a = a &- right
      case 0x20: machine.a = a &* right
      // A division by zero ends the program with 0: SECCOMP_RET_KILL_THREAD.
      case 0x30:
        guard right != 0 else { return false }
        machine.a = a / right
      case 0x40: machine.a = a | right
      case 0x50: machine.a = a & right
      case 0x60: machine.a = a &<< right
      case 0x70: machine.a = a &>> right
      case 0xa0: machine.a = a ^ right
      default: return false
      }
    default: return false
    }
    return true
  }

  /// All filters of a standing thread, the newest first.
  ///
  /// - Returns: the errno value when they cannot be read.
  static func all(of tid: Int32) -> Result<[SeccompFilter], UnreadableFilter> {
    var filters: [SeccompFilter] = []
    while true {
      var count: Int32 = 0
      // SAFETY: without a buffer the wrapper writes the count alone.
      let error = unsafe trace_get_filter(tid, UInt64(filters.count), nil, &count)
      if error == ENOENT { return .success(filters) }
      guard error == 0 else { return .failure(UnreadableFilter(errno: error)) }
      var raw = [trace_filter_instruction](repeating: trace_filter_instruction(), count: Int(count))
      // SAFETY: filters never change; the kernel writes as many instructions as it counted.
      let second = unsafe raw.withUnsafeMutableBufferPointer {
        unsafe trace_get_filter(tid, UInt64(filters.count), $0.baseAddress, &count)
      }
      guard second == 0 else { return .failure(UnreadableFilter(errno: second)) }
      filters.append(
        SeccompFilter(
          raw.map { Instruction(code: $0.code, jumpTrue: $0.jt, jumpFalse: $0.jf, operand: $0.k) }))
    }
  }

  struct UnreadableFilter: Error, Equatable { let errno: Int32 }
}
