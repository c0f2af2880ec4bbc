/// Runs call-frame instructions until the row of one instruction address is known (DWARF 5, 6.4.2 and 6.4.3).
struct CallFrameProgram {
  private let table: UnwindBytes
  private let entry: CallFrameEntry
  private let target: UInt64
  private var location: UInt64
  private var row = CallFrameRow()
  private var initialRules: [CallFrameRow.Rule] = []
  private var remembered: [CallFrameRow] = []

  private init(_ entry: CallFrameEntry, in table: UnwindBytes, target: UInt64) {
    self.table = table
    self.entry = entry
    self.target = target
    location = entry.code.lowerBound
    row.isSignalFrame = entry.common.isSignalFrame
  }

  /// The row that holds at an instruction address inside the entry's code.
  static func row(
    of entry: CallFrameEntry, in table: UnwindBytes, at target: UInt64
  ) throws(DamagedUnwindTable) -> CallFrameRow {
    var program = CallFrameProgram(entry, in: table, target: target)
    _ = try program.run(entry.common.instructions)
    program.initialRules = program.row.rules
    program.location = entry.code.lowerBound
    _ = try program.run(entry.instructions)
    return program.row
  }

  /// Runs instructions; false when the target's row was reached before their end.
  private mutating func run(_ instructions: Range<Int>) throws(DamagedUnwindTable) -> Bool {
    var cursor = DwarfCursor(table, from: instructions.lowerBound, to: instructions.upperBound)
    while !cursor.isAtEnd {
      let code = try cursor.byte()
      let operand = UInt64(code & 0x3f)
      switch code & 0xc0 {
      case 0x40: guard advance(operand) else { return false }
      case 0x80: try set(operand, .saved(try factored(unsigned: &cursor)), cursor)
      case 0xc0: try restore(operand, cursor)
      default: guard try extended(code, &cursor) else { return false }
      }
    }
    return true
  }

  /// An instruction without an operand in its first byte; false when the target's row was reached.
  private mutating func extended(_ code: UInt8, _ cursor: inout DwarfCursor) throws(DamagedUnwindTable) -> Bool {
    switch code {
    case 0x00: return true  // DW_CFA_nop
    case 0x01:  // DW_CFA_set_loc
      guard let next = try cursor.pointer(encoding: entry.common.pointerEncoding, dataBase: 0), next >= location else {
        throw cursor.damaged("set_loc")
      }
      return advance(to: next)
    case 0x02: return advance(UInt64(try cursor.byte()))
    case 0x03: return advance(UInt64(try cursor.little(UInt16.self)))
    case 0x04: return advance(UInt64(try cursor.little(UInt32.self)))
    case 0x05: try set(try cursor.unsigned(), .saved(try factored(unsigned: &cursor)), cursor)
    case 0x06: try restore(try cursor.unsigned(), cursor)
    case 0x07: try set(try cursor.unsigned(), .undefined, cursor)
    case 0x08: try set(try cursor.unsigned(), .sameValue, cursor)
    case 0x09: try set(try cursor.unsigned(), .register(try register(&cursor)), cursor)
    case 0x0a:  // DW_CFA_remember_state
      guard remembered.count < 64 else { throw cursor.damaged("remember_state") }
      remembered.append(row)
    case 0x0b:  // DW_CFA_restore_state
      guard let state = remembered.popLast() else { throw cursor.damaged("restore_state") }
      row = state
    case 0x0c, 0x12:  // DW_CFA_def_cfa, DW_CFA_def_cfa_sf
      let number = try register(&cursor)
      row.cfa = .register(number, offset: code == 0x0c ? try plain(&cursor) : try factored(signed: &cursor))
    case 0x0d:  // DW_CFA_def_cfa_register
      guard case .register(_, let offset) = row.cfa else { throw cursor.damaged("def_cfa_register") }
      row.cfa = .register(try register(&cursor), offset: offset)
    case 0x0e, 0x13:  // DW_CFA_def_cfa_offset, DW_CFA_def_cfa_offset_sf
      guard case .register(let number, _) = row.cfa else { throw cursor.damaged("def_cfa_offset") }
      row.cfa = .register(number, offset: code == 0x0e ? try plain(&cursor) : try factored(signed: &cursor))
    case 0x0f: row.cfa = .expression(try block(&cursor))
    case 0x10: try set(try cursor.unsigned(), .savedAt(try block(&cursor)), cursor)
    case 0x11: try set(try cursor.unsigned(), .saved(try factored(signed: &cursor)), cursor)
    case 0x14: try set(try cursor.unsigned(), .value(try factored(unsigned: &cursor)), cursor)
    case 0x15: try set(try cursor.unsigned(), .value(try factored(signed: &cursor)), cursor)
    case 0x16: try set(try cursor.unsigned(), .valueOf(try block(&cursor)), cursor)
    case 0x2e: _ = try cursor.unsigned()  // DW_CFA_GNU_args_size
    case 0x2f:  // DW_CFA_GNU_negative_offset_extended
      let number = try cursor.unsigned()
      try set(number, .saved(0 &- (try factored(unsigned: &cursor))), cursor)
    default: throw cursor.damaged("instruction \(code)")
    }
    return true
  }

  private mutating func advance(_ delta: UInt64) -> Bool {
    advance(to: location &+ delta &* entry.common.codeAlignment)
  }

  private mutating func advance(to next: UInt64) -> Bool {
    if next > target { return false }
    location = next
    return true
  }

  /// Sets a register's rule; the registers that a walk does not follow (xmm0 and on) are passed over.
  private mutating func set(
    _ number: UInt64, _ rule: CallFrameRow.Rule, _ cursor: DwarfCursor
  ) throws(DamagedUnwindTable) {
    guard number < 256 else { throw cursor.damaged("register") }
    if number < UInt64(CallFrameRow.registerCount) { row.rules[Int(number)] = rule }
  }

  private mutating func restore(_ number: UInt64, _ cursor: DwarfCursor) throws(DamagedUnwindTable) {
    guard number < 256 else { throw cursor.damaged("register") }
    guard number < UInt64(CallFrameRow.registerCount) else { return }
    row.rules[Int(number)] = initialRules.isEmpty ? .sameValue : initialRules[Int(number)]
  }

  private func register(_ cursor: inout DwarfCursor) throws(DamagedUnwindTable) -> Int {
    let number = try cursor.unsigned()
    guard number < UInt64(CallFrameRow.registerCount) else { throw cursor.damaged("register") }
    return Int(number)
  }

  private func plain(_ cursor: inout DwarfCursor) throws(DamagedUnwindTable) -> Int64 {
    Int64(bitPattern: try cursor.unsigned())
  }

  private func factored(unsigned cursor: inout DwarfCursor) throws(DamagedUnwindTable) -> Int64 {
    Int64(bitPattern: try cursor.unsigned()) &* entry.common.dataAlignment
  }

  private func factored(signed cursor: inout DwarfCursor) throws(DamagedUnwindTable) -> Int64 {
    try cursor.signed() &* entry.common.dataAlignment
  }

  private func block(_ cursor: inout DwarfCursor) throws(DamagedUnwindTable) -> Range<Int> {
    let length = try cursor.blockLength()
    let start = cursor.offset
    try cursor.skip(length)
    return start..<start + length
  }
}
