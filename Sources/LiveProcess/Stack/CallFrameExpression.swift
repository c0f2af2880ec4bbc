/// Evaluates the DWARF expressions that call-frame information uses: the procedure linkage table, signal trampolines,
/// realigned stacks (DWARF 5, 2.5 and 6.4.2).
struct CallFrameExpression<Memory: WalkMemory> {
  private let registers: WalkRegisters
  private let memory: Memory
  private var stack: [UInt64]

  /// The value of an expression; nil where it needs a register or memory that is not known.
  static func value(
    of range: Range<Int>, in table: UnwindBytes, registers: WalkRegisters, memory: Memory, initial: UInt64? = nil
  ) throws(DamagedUnwindTable) -> UInt64? {
    var expression = CallFrameExpression(registers: registers, memory: memory, stack: initial.map { [$0] } ?? [])
    return try expression.run(range, in: table)
  }

  private mutating func run(_ range: Range<Int>, in table: UnwindBytes) throws(DamagedUnwindTable) -> UInt64? {
    var cursor = DwarfCursor(table, from: range.lowerBound, to: range.upperBound)
    var steps = 0
    while !cursor.isAtEnd {
      steps += 1
      guard steps <= 1000, stack.count <= 64 else { throw cursor.damaged("expression without end") }
      let code = try cursor.byte()
      switch code {
      case 0x30...0x4f: stack.append(UInt64(code - 0x30))  // DW_OP_lit0…
      case 0x70...0x8f:  // DW_OP_breg0…
        guard let base = value(ofRegister: UInt64(code - 0x70)) else { return nil }
        stack.append(base &+ UInt64(bitPattern: try cursor.signed()))
      case 0x92:  // DW_OP_bregx
        guard let base = value(ofRegister: try cursor.unsigned()) else { return nil }
        stack.append(base &+ UInt64(bitPattern: try cursor.signed()))
      case 0x06, 0x94:  // DW_OP_deref, DW_OP_deref_size
        let size = code == 0x06 ? 8 : try cursor.byte()
        guard (1...8).contains(size) else { throw cursor.damaged("deref_size") }
        guard let word = memory.word(at: try pop(cursor)) else { return nil }
        stack.append(size == 8 ? word : word & ((1 << (UInt64(size) * 8)) - 1))
      case 0x28, 0x2f:  // DW_OP_bra, DW_OP_skip
        let distance = Int(try cursor.little(Int16.self))
        if code == 0x2f ? true : try pop(cursor) != 0 {
          let next = cursor.offset + distance
          guard range.contains(next) || next == range.upperBound else { throw cursor.damaged("branch") }
          cursor = DwarfCursor(table, from: next, to: range.upperBound)
        }
      case 0x96: break  // DW_OP_nop
      default:
        if let constant = try constant(code, &cursor) {
          stack.append(constant)
        } else {
          try calculate(code, &cursor)
        }
      }
    }
    return try pop(cursor)
  }

  private func constant(_ code: UInt8, _ cursor: inout DwarfCursor) throws(DamagedUnwindTable) -> UInt64? {
    switch code {
    case 0x03, 0x0e, 0x0f: try cursor.little(UInt64.self)  // DW_OP_addr, DW_OP_const8u, DW_OP_const8s
    case 0x08: UInt64(try cursor.byte())
    case 0x09: UInt64(bitPattern: Int64(Int8(bitPattern: try cursor.byte())))
    case 0x0a: UInt64(try cursor.little(UInt16.self))
    case 0x0b: UInt64(bitPattern: Int64(try cursor.little(Int16.self)))
    case 0x0c: UInt64(try cursor.little(UInt32.self))
    case 0x0d: UInt64(bitPattern: Int64(try cursor.little(Int32.self)))
    case 0x10: try cursor.unsigned()
    case 0x11: UInt64(bitPattern: try cursor.signed())
    default: nil
    }
  }

  private mutating func calculate(_ code: UInt8, _ cursor: inout DwarfCursor) throws(DamagedUnwindTable) {
    let top = try pop(cursor)
    switch code {
    case 0x12: stack += [top, top]  // DW_OP_dup
    case 0x13: break  // DW_OP_drop
    case 0x14: stack += [top, try item(1, below: top, cursor)]  // DW_OP_over
    case 0x15: stack += [top, try item(Int(try cursor.byte()), below: top, cursor)]  // DW_OP_pick
    case 0x19: stack.append(top.magnitude(asSigned: ()))  // DW_OP_abs
    case 0x1f: stack.append(0 &- top)  // DW_OP_neg
    case 0x20: stack.append(~top)  // DW_OP_not
    case 0x23: stack.append(top &+ (try cursor.unsigned()))  // DW_OP_plus_uconst
    default:
      let second = try pop(cursor)
      switch code {
      case 0x16: stack += [top, second]  // DW_OP_swap
      case 0x17:  // DW_OP_rot
        let third = try pop(cursor)
        stack += [top, third, second]
      default:
        guard let result = Self.binary(code, second, top) else { throw cursor.damaged("operation \(code)") }
        stack.append(result)
      }
    }
  }

  /// An operation on the two topmost items; nil for an unknown one and for a division by zero.
  private static func binary(_ code: UInt8, _ a: UInt64, _ b: UInt64) -> UInt64? {
    let (x, y) = (Int64(bitPattern: a), Int64(bitPattern: b))
    return switch code {
    case 0x1a: a & b
    case 0x1b: y == 0 ? nil : UInt64(bitPattern: x.dividedReportingOverflow(by: y).partialValue)
    case 0x1c: a &- b
    case 0x1d: b == 0 ? nil : a % b
    case 0x1e: a &* b
    case 0x21: a | b
    case 0x22: a &+ b
    case 0x24: b < 64 ? a << b : 0
    case 0x25: b < 64 ? a >> b : 0
    case 0x26: UInt64(bitPattern: x >> Int64(min(b, 63)))
    case 0x27: a ^ b
    case 0x29: x == y ? 1 : 0
    case 0x2a: x >= y ? 1 : 0
    case 0x2b: x > y ? 1 : 0
    case 0x2c: x <= y ? 1 : 0
    case 0x2d: x < y ? 1 : 0
    case 0x2e: x != y ? 1 : 0
    default: nil
    }
  }

  private func value(ofRegister number: UInt64) -> UInt64? {
    number < UInt64(CallFrameRow.registerCount) ? registers.values[Int(number)] : nil
  }

  private mutating func pop(_ cursor: DwarfCursor) throws(DamagedUnwindTable) -> UInt64 {
    guard let value = stack.popLast() else { throw cursor.damaged("expression stack") }
    return value
  }

  private func item(_ depth: Int, below top: UInt64, _ cursor: DwarfCursor) throws(DamagedUnwindTable) -> UInt64 {
    if depth == 0 { return top }
    guard depth <= stack.count else { throw cursor.damaged("expression stack") }
    return stack[stack.count - depth]
  }
}

extension UInt64 {
  /// The magnitude of the number that these bits are when signed.
  fileprivate func magnitude(asSigned: Void) -> UInt64 { Int64(bitPattern: self).magnitude }
}
