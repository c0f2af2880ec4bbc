internal import CCapstone

/// The operands of an instruction, out of Capstone's fixed array.
struct CapstoneOperands {
  struct Memory {
    let base: x86_reg
    let displacement: Int64
    /// In bytes.
    let size: Int
  }
  struct Register {
    let register: x86_reg
    let isWritten: Bool
  }
  private(set) var memory: [Memory] = []
  private(set) var registers: [Register] = []

  init(_ x86: cs_x86) {
    // SAFETY: C's array of 8 operands is a tuple of 8 here, and no more than op_count of them are read.
    unsafe withUnsafeBytes(of: x86.operands) { raw in
      let operands = unsafe raw.assumingMemoryBound(to: cs_x86_op.self)
      // The formatter would write "unsafe" and the name as one word.
      // swift-format-ignore
      for unsafe operand in unsafe operands.prefix(Int(x86.op_count)) {
        if operand.type == X86_OP_REG {
          registers.append(
            Register(register: operand.reg, isWritten: operand.access & UInt8(CS_AC_WRITE.rawValue) != 0))
        } else if operand.type == X86_OP_MEM {
          memory.append(
            Memory(base: operand.mem.base, displacement: operand.mem.disp, size: Int(operand.size)))
        }
      }
    }
  }
}

/// The registers that an instruction reads and writes without naming them, out of Capstone's fixed arrays.
struct CapstoneImplicit {
  let read: [x86_reg]
  let written: [x86_reg]

  init(_ detail: UnsafePointer<cs_detail>) {
    // SAFETY: the detail outlives the call, and the counts are Capstone's own for its arrays.
    read = unsafe withUnsafeBytes(of: detail.pointee.regs_read) { raw in
      unsafe raw.assumingMemoryBound(to: UInt16.self).prefix(Int(detail.pointee.regs_read_count))
        .map { x86_reg(rawValue: UInt32($0)) }
    }
    written = unsafe withUnsafeBytes(of: detail.pointee.regs_write) { raw in
      unsafe raw.assumingMemoryBound(to: UInt16.self).prefix(Int(detail.pointee.regs_write_count))
        .map { x86_reg(rawValue: UInt32($0)) }
    }
  }
}

extension RegisterSet {
  /// The register that one of Capstone's names is a part of; empty for those that a called function must keep, and for
  /// flags and segments.
  init(_ register: x86_reg) {
    switch register {
    case X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH: self = .rax
    case X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH: self = .rcx
    case X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH: self = .rdx
    case X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL: self = .rsi
    case X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL: self = .rdi
    case X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B: self = .r8
    case X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B: self = .r9
    case X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B: self = .r10
    case X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B: self = .r11
    default: self = RegisterSet(vector: register)
    }
  }

  private init(vector register: x86_reg) {
    let number = register.rawValue
    func index(from first: x86_reg) -> Int? {
      number >= first.rawValue && number < first.rawValue + 32 ? Int(number - first.rawValue) : nil
    }
    if let xmm = index(from: X86_REG_XMM0) {
      self = xmm < 16 ? .xmm(xmm) : .wide
    } else if let wide = index(from: X86_REG_YMM0) ?? index(from: X86_REG_ZMM0) {
      self = wide < 16 ? [.xmm(wide), .wide] : .wide
    } else if (X86_REG_K0.rawValue...X86_REG_K7.rawValue).contains(number)
      || (X86_REG_MM0.rawValue...X86_REG_MM7.rawValue).contains(number)
    {
      self = .wide
    } else {
      self = []
    }
  }
}
