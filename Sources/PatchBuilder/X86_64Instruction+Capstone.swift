internal import CCapstone

extension X86_64Instruction {
  /// Takes out of Capstone's answer what the builder needs; nil where the answer contradicts the bytes.
  init?(address: UInt64, bytes: [UInt8], id: UInt32, detail: UnsafePointer<cs_detail>) {
    self.address = address
    self.bytes = bytes
    let id = x86_insn(rawValue: id)
    let end = address &+ UInt64(bytes.count)
    let prefixes = bytes.prefix { X86_64Instruction.legacyPrefixes.contains($0) }.count
    var opcodeAt = prefixes
    if opcodeAt < bytes.count, bytes[opcodeAt] & 0xf0 == 0x40 { opcodeAt += 1 }
    guard opcodeAt < bytes.count else { return nil }
    opcodeOffset = opcodeAt
    let opcode = bytes[opcodeAt]
    let isVEX = [0xc4, 0xc5, 0x62].contains(opcode)
    flow = X86_64Instruction.flow(id: id, bytes: bytes, opcodeAt: opcodeAt, end: end)

    // SAFETY: the detail belongs to the instruction just decoded and is not kept.
    let x86 = unsafe detail.pointee.x86
    let operands = CapstoneOperands(x86)
    var rip: RIPOperand?
    for memory in operands.memory where memory.base == X86_REG_RIP || memory.base == X86_REG_EIP {
      // Capstone says where the displacement is; the ModRM byte before it must be `mod 00, rm 101`, and the
      // displacement the one it decoded.
      let at = Int(x86.encoding.disp_offset)
      guard memory.base == X86_REG_RIP, at > opcodeAt, at + 4 <= bytes.count, bytes[at - 1] & 0xc7 == 0x05,
        let displacement = X86_64Instruction.displacement(bytes, at: at), Int64(displacement) == memory.displacement
      else { return nil }
      rip = RIPOperand(displacementOffset: at, target: end &+ UInt64(bitPattern: Int64(displacement)))
    }
    ripOperand = rip
    usesStackPointer = operands.memory.contains { $0.base == X86_REG_RSP || $0.base == X86_REG_ESP }
    belowStackPointer = operands.memory.contains { $0.base == X86_REG_RSP && $0.displacement < 0 }

    let isFPU = (0xd8...0xdf).contains(opcode)
    let flags = isFPU ? 0 : x86.eflags
    flagsRead =
      isFPU && X86_64Instruction.fpuFlagReaders.contains(id)
      ? .all : StatusFlags(read: flags).union(X86_64Instruction.flagsRead(by: id, bytes[opcodeAt...]))
    // A shift by %cl leaves the flags alone when %cl is 0, and a repeated comparison when %rcx is.
    let mayLeaveFlags =
      X86_64Instruction.shifts.contains(id) && operands.registers.contains { $0.register == X86_REG_CL }
      || [0xa6, 0xa7, 0xae, 0xaf].contains(opcode)
    flagsWritten = mayLeaveFlags ? [] : StatusFlags(written: flags)

    let implicit = unsafe CapstoneImplicit(detail)
    var certain = RegisterSet()
    if !X86_64Instruction.readersOfFirstOperand.contains(id) {
      for operand in operands.registers where operand.isWritten { certain.formUnion(RegisterSet(operand.register)) }
    }
    for register in implicit.written { certain.formUnion(RegisterSet(register)) }
    written = certain

    var possible = certain
    for operand in operands.registers { possible.formUnion(RegisterSet(operand.register)) }
    for register in implicit.read { possible.formUnion(RegisterSet(register)) }
    possible.formUnion(X86_64Instruction.hiddenWrites(of: id))
    if X86_64Instruction.stringOpcodes.contains(opcode) { possible.formUnion([.rax, .rcx, .rsi, .rdi]) }
    if isVEX && !possible.vectors.isEmpty { possible.formUnion(.wide) }
    mayWrite = possible

    let hasVector = operands.registers.contains { !RegisterSet($0.register).vectors.isEmpty }
    let wideMemory = operands.memory.contains { $0.size >= 16 && $0.base != X86_REG_RIP }
    needsAlignedMemory =
      wideMemory
      && (X86_64Instruction.alignedMoves.contains(id)
        || (!isVEX && hasVector && !X86_64Instruction.unalignedMoves.contains(id)))
    isPadding = id == X86_INS_NOP || id == X86_INS_FNOP || flow == .breakpoint
  }

  private static func displacement(_ bytes: [UInt8], at offset: Int) -> Int32? {
    guard offset >= 0, offset + 4 <= bytes.count else { return nil }
    return Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) })
  }

  /// Where control goes, from the bytes themselves: Capstone's operand is not needed for it.
  private static func flow(id: x86_insn, bytes: [UInt8], opcodeAt: Int, end: UInt64) -> Flow {
    let opcode = bytes[opcodeAt]
    let prefixes = bytes[..<opcodeAt]
    func short() -> UInt64 { end &+ UInt64(bitPattern: Int64(Int8(bitPattern: bytes[bytes.count - 1]))) }
    func near() -> UInt64? {
      displacement(bytes, at: bytes.count - 4).map { end &+ UInt64(bitPattern: Int64($0)) }
    }
    // With an operand-size prefix Intel and AMD disagree about the length of a branch's displacement.
    let isBranchOpcode =
      [0xe8, 0xe9, 0xeb].contains(opcode) || opcode & 0xf0 == 0x70 || opcode & 0xfc == 0xe0
      || (opcode == 0x0f && opcodeAt + 1 < bytes.count && bytes[opcodeAt + 1] & 0xf0 == 0x80)
    if isBranchOpcode && prefixes.contains(0x66) { return .other }
    switch opcode {
    case 0xe8: return near().map { .call(to: $0) } ?? .other
    case 0xe9: return near().map { .jump(to: $0) } ?? .other
    case 0xeb: return .jump(to: short())
    case 0x70...0x7f: return .conditional(to: short(), condition: opcode & 15)
    case 0xe0...0xe3: return .counted(to: short())
    case 0x0f where opcodeAt + 1 < bytes.count && bytes[opcodeAt + 1] & 0xf0 == 0x80:
      return near().map { .conditional(to: $0, condition: bytes[opcodeAt + 1] & 15) } ?? .other
    case 0xff where opcodeAt + 1 < bytes.count:
      switch bytes[opcodeAt + 1] >> 3 & 7 {
      case 2: return .indirectCall
      case 4: return .indirectJump
      case 3, 5: return .other
      default: return .next
      }
    case 0xc3, 0xc2: return .return
    case 0xcc: return .breakpoint
    default: break
    }
    if stops.contains(id) { return .stop }
    return others.contains(id) ? .other : .next
  }
}

extension X86_64Instruction {
  /// Operand and address size, repetition, lock and segment prefixes (Intel SDM 2.1.1).
  private static let legacyPrefixes: Set<UInt8> = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]
  private static let stops: Set<x86_insn> = [X86_INS_UD0, X86_INS_UD2, X86_INS_UD2B, X86_INS_HLT]
  private static let others: Set<x86_insn> = [
    X86_INS_XBEGIN, X86_INS_LJMP, X86_INS_LCALL, X86_INS_RETF, X86_INS_RETFQ, X86_INS_IRET, X86_INS_IRETD,
    X86_INS_IRETQ, X86_INS_SYSRET, X86_INS_SYSEXIT, X86_INS_INT, X86_INS_INT1, X86_INS_INTO,
  ]
  private static let fpuFlagReaders: Set<x86_insn> = [
    X86_INS_FCMOVB, X86_INS_FCMOVBE, X86_INS_FCMOVE, X86_INS_FCMOVNB, X86_INS_FCMOVNBE, X86_INS_FCMOVNE,
    X86_INS_FCMOVNU, X86_INS_FCMOVU,
  ]
  private static let shifts: Set<x86_insn> = [
    X86_INS_SHL, X86_INS_SAL, X86_INS_SHR, X86_INS_SAR, X86_INS_ROL, X86_INS_ROR, X86_INS_RCL, X86_INS_RCR,
    X86_INS_SHLD, X86_INS_SHRD,
  ]
  /// `movs`, `cmps`, `stos`, `lods`, `scas`, `ins`, `outs`: recognised by their opcodes, because Capstone gives `movsd` and
  /// `cmpsd` the identity of the SSE instructions of that name.
  private static let stringOpcodes: Set<UInt8> = [
    0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f,
  ]
  /// Instructions whose register operands are read only, whatever access Capstone gives them.
  private static let readersOfFirstOperand: Set<x86_insn> = [
    X86_INS_CMP, X86_INS_TEST, X86_INS_PUSH, X86_INS_BT, X86_INS_NOP, X86_INS_JMP, X86_INS_CALL, X86_INS_COMISS,
    X86_INS_COMISD, X86_INS_UCOMISS, X86_INS_UCOMISD, X86_INS_VCOMISS, X86_INS_VCOMISD, X86_INS_VUCOMISS,
    X86_INS_VUCOMISD, X86_INS_PTEST, X86_INS_VPTEST, X86_INS_VTESTPS, X86_INS_VTESTPD, X86_INS_PCMPESTRI,
    X86_INS_PCMPISTRI, X86_INS_PCMPESTRM, X86_INS_PCMPISTRM, X86_INS_WRFSBASE, X86_INS_WRGSBASE, X86_INS_KORTESTW,
  ]
  private static let alignedMoves: Set<x86_insn> = [
    X86_INS_MOVAPS, X86_INS_MOVAPD, X86_INS_MOVDQA, X86_INS_MOVNTPS, X86_INS_MOVNTPD, X86_INS_MOVNTDQ,
    X86_INS_MOVNTDQA, X86_INS_VMOVAPS, X86_INS_VMOVAPD, X86_INS_VMOVDQA, X86_INS_VMOVDQA32, X86_INS_VMOVDQA64,
    X86_INS_VMOVNTPS, X86_INS_VMOVNTPD, X86_INS_VMOVNTDQ, X86_INS_VMOVNTDQA,
  ]
  private static let unalignedMoves: Set<x86_insn> = [X86_INS_MOVUPS, X86_INS_MOVUPD, X86_INS_MOVDQU, X86_INS_LDDQU]

  /// The flags that an instruction reads by its nature: Capstone 4 does not say so of `adc` and others.
  private static func flagsRead(by id: x86_insn, _ code: ArraySlice<UInt8>) -> StatusFlags {
    switch id {
    case X86_INS_ADC, X86_INS_SBB, X86_INS_RCL, X86_INS_RCR, X86_INS_ADCX, X86_INS_CMC, X86_INS_SALC: return .carry
    case X86_INS_ADOX: return .overflow
    case X86_INS_LAHF, X86_INS_PUSHF, X86_INS_PUSHFD, X86_INS_PUSHFQ: return .all
    case X86_INS_LOOPE, X86_INS_LOOPNE: return .zero
    default: break
    }
    // jcc, and behind 0f cmovcc, jcc and setcc: the low half of the opcode is the condition (Intel SDM 2, appendix B.1.4.7).
    guard let first = code.first else { return [] }
    let second = code.dropFirst().first ?? 0
    let isConditional = first & 0xf0 == 0x70 || first == 0x0f && [0x40, 0x80, 0x90].contains(second & 0xf0)
    return isConditional ? conditions[Int((first == 0x0f ? second : first) & 15) / 2] : []
  }

  /// What the conditions o, b, z, be, s, p, l, le and their opposites read.
  private static let conditions: [StatusFlags] = [
    .overflow, .carry, .zero, [.carry, .zero], .sign, .parity, [.sign, .overflow], [.zero, .sign, .overflow],
  ]

  /// Registers that an instruction writes without naming them, where Capstone's own list may be short (Intel SDM 2).
  private static func hiddenWrites(of id: x86_insn) -> RegisterSet {
    switch id {
    case X86_INS_SYSCALL: [.rax, .rcx, .r11]
    case X86_INS_CPUID, X86_INS_RDTSCP: [.rax, .rcx, .rdx]
    case X86_INS_RDTSC, X86_INS_XGETBV, X86_INS_RDPMC, X86_INS_RDMSR, X86_INS_MUL, X86_INS_IMUL, X86_INS_DIV,
      X86_INS_IDIV, X86_INS_CMPXCHG8B, X86_INS_CMPXCHG16B, X86_INS_CWD, X86_INS_CDQ, X86_INS_CQO:
      [.rax, .rdx]
    case X86_INS_CMPXCHG, X86_INS_CBW, X86_INS_CWDE, X86_INS_CDQE, X86_INS_LAHF, X86_INS_XLATB, X86_INS_IN: [.rax]
    case X86_INS_LOOP, X86_INS_LOOPE, X86_INS_LOOPNE: [.rcx]
    case X86_INS_PCMPESTRI, X86_INS_PCMPISTRI, X86_INS_VPCMPESTRI, X86_INS_VPCMPISTRI: [.rcx]
    case X86_INS_PCMPESTRM, X86_INS_PCMPISTRM, X86_INS_VPCMPESTRM, X86_INS_VPCMPISTRM: .xmm(0)
    case X86_INS_VZEROALL, X86_INS_VZEROUPPER, X86_INS_FXRSTOR, X86_INS_FXRSTOR64, X86_INS_XRSTOR, X86_INS_XRSTOR64,
      X86_INS_INT, X86_INS_INT1, X86_INS_SYSENTER, X86_INS_XBEGIN, X86_INS_EMMS:
      [.callerSaved, .wide]
    default: []
    }
  }
}

extension StatusFlags {
  /// The flags that an instruction reads, from Capstone's `X86_EFLAGS_TEST_…` bits (capstone/x86.h).
  init(read bits: UInt64) {
    self = StatusFlags.gather(
      bits, [(33, .overflow), (34, .sign), (35, .zero), (36, .parity), (37, .carry), (50, .adjust)])
  }

  /// The flags that an instruction sets, clears, changes or leaves undefined, from Capstone's bits (capstone/x86.h).
  init(written bits: UInt64) {
    self = StatusFlags.gather(
      bits,
      [
        (0, .adjust), (1, .carry), (2, .sign), (3, .zero), (4, .parity), (5, .overflow),
        (21, .overflow), (22, .carry), (24, .sign), (25, .adjust), (28, .parity), (51, .zero), (57, .overflow),
        (30, .carry), (52, .overflow), (53, .sign), (54, .zero), (55, .adjust), (56, .parity),
        (40, .overflow), (41, .sign), (42, .zero), (43, .parity), (44, .adjust), (45, .carry),
      ])
  }

  private static func gather(_ bits: UInt64, _ table: [(bit: UInt64, flag: StatusFlags)]) -> StatusFlags {
    table.reduce(into: []) { flags, entry in
      if bits & (1 << entry.bit) != 0 { flags.formUnion(entry.flag) }
    }
  }
}
