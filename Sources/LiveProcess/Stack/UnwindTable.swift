package import Patch

/// The call-frame information of one loaded object, found by instruction address.
///
/// It comes from the process's own memory: no file has to be found or trusted, a stripped, replaced or deleted binary
/// has it all the same, and so have the vdso and our own images.
package struct UnwindTable: Sendable {
  /// The code that the object maps; an address outside has no row here.
  package let code: Range<RemoteAddress>
  private let frames: UnwindBytes
  /// Where each description's code begins, ascending, and where the description lies in ``frames``.
  private let starts: [(code: UInt64, entry: Int)]

  /// A table whose entries are found by reading all of them, up to the terminator or the end.
  ///
  /// `frames`: the bytes of `.eh_frame`.
  package init(code: Range<RemoteAddress>, frames: UnwindBytes) throws(DamagedUnwindTable) {
    var starts: [(code: UInt64, entry: Int)] = []
    var offset = 0
    while offset < frames.bytes.count, let head = try CallFrameEntry.head(in: frames, at: offset) {
      if !head.isCommon {
        let entry = try CallFrameEntry.description(in: frames, at: offset)
        if !entry.code.isEmpty { starts.append((entry.code.lowerBound, offset)) }
      }
      offset = head.end
    }
    self.init(code: code, frames: frames, starts: starts)
  }

  /// A table whose entries are found by the search table of `.eh_frame_hdr` (LSB core 5.0, 10.6.2).
  ///
  /// `header`: the bytes of the `PT_GNU_EH_FRAME` segment.
  /// `readFrames`: reads `.eh_frame` from an address on, as far as its segment reaches.
  package init(
    code: Range<RemoteAddress>, header: UnwindBytes, readFrames: (RemoteAddress) -> UnwindBytes?
  ) throws(DamagedUnwindTable) {
    var cursor = DwarfCursor(header, from: 0, to: header.bytes.count)
    guard try cursor.byte() == 1 else { throw cursor.damaged(".eh_frame_hdr version") }
    let pointerEncoding = try cursor.byte()
    let countEncoding = try cursor.byte()
    let tableEncoding = try cursor.byte()
    let base = header.start.value
    guard let start = try cursor.pointer(encoding: pointerEncoding, dataBase: base),
      let frames = readFrames(RemoteAddress(start))
    else { throw cursor.damaged(".eh_frame pointer") }
    // `datarel | sdata4` is what every link editor writes; without a table all entries are read instead.
    guard tableEncoding == 0x3b, let count = try cursor.pointer(encoding: countEncoding, dataBase: base) else {
      try self.init(code: code, frames: frames)
      return
    }
    guard count <= UInt64(cursor.limit - cursor.offset) / 8 else { throw cursor.damaged("search table size") }
    var starts: [(code: UInt64, entry: Int)] = []
    starts.reserveCapacity(Int(count))
    for _ in 0..<Int(count) {
      let first = base &+ UInt64(bitPattern: Int64(try cursor.little(Int32.self)))
      let entry = base &+ UInt64(bitPattern: Int64(try cursor.little(Int32.self)))
      guard let offset = frames.offset(of: entry) else { throw cursor.damaged("search table") }
      starts.append((first, offset))
    }
    self.init(code: code, frames: frames, starts: starts)
  }

  private init(code: Range<RemoteAddress>, frames: UnwindBytes, starts: [(code: UInt64, entry: Int)]) {
    self.code = code
    self.frames = frames
    self.starts =
      zip(starts, starts.dropFirst()).allSatisfy { $0.code <= $1.code } ? starts : starts.sorted { $0.code < $1.code }
  }

  /// The row that holds at an instruction; nil where the object says nothing about it.
  package func row(at instruction: RemoteAddress) throws(DamagedUnwindTable) -> CallFrameRow? {
    try found(at: instruction)?.row
  }

  /// The row that holds at an instruction, and the end of the function that it belongs to.
  func found(at instruction: RemoteAddress) throws(DamagedUnwindTable) -> (row: CallFrameRow, end: UInt64)? {
    guard let entry = try entry(at: instruction.value) else { return nil }
    return (try CallFrameProgram.row(of: entry, in: frames, at: instruction.value), entry.code.upperBound)
  }

  /// The code of each description, ascending: what the table knows.
  package func functions() throws(DamagedUnwindTable) -> [Range<RemoteAddress>] {
    var functions: [Range<RemoteAddress>] = []
    for start in starts {
      let code = try CallFrameEntry.description(in: frames, at: start.entry).code
      functions.append(RemoteAddress(code.lowerBound)..<RemoteAddress(code.upperBound))
    }
    return functions
  }

  private func entry(at instruction: UInt64) throws(DamagedUnwindTable) -> CallFrameEntry? {
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle].code <= instruction { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let entry = try CallFrameEntry.description(in: frames, at: starts[low - 1].entry)
    return entry.code.contains(instruction) ? entry : nil
  }

  /// The frame before, as a row says, in this table's terms.
  func caller<Memory: WalkMemory>(
    of registers: WalkRegisters, by row: CallFrameRow, memory: Memory
  ) throws(DamagedUnwindTable) -> StackWalk.Step {
    let cfa: UInt64?
    switch row.cfa {
    case .register(let number, let offset):
      cfa = registers.values[number].map { $0 &+ UInt64(bitPattern: offset) }
    case .expression(let range):
      cfa = try CallFrameExpression.value(of: range, in: frames, registers: registers, memory: memory)
    }
    guard let cfa else { return .lost }
    var caller = registers
    caller.values[CallFrameRow.stackPointer] = cfa
    var returnSlot: UInt64?
    for number in 0..<CallFrameRow.registerCount {
      var slot: UInt64?
      switch row.rules[number] {
      case .sameValue:
        // The return address never stays in a register by itself; a table that says nothing of it is of no use.
        if number == CallFrameRow.returnAddress { return .lost }
        continue
      case .undefined:
        if number == CallFrameRow.returnAddress { return .outermost }
        caller.values[number] = nil
        continue
      case .value(let offset): caller.values[number] = cfa &+ UInt64(bitPattern: offset)
      case .register(let other): caller.values[number] = registers.values[other]
      case .valueOf(let range):
        caller.values[number] = try CallFrameExpression.value(
          of: range, in: frames, registers: registers, memory: memory, initial: cfa)
      case .saved(let offset): slot = cfa &+ UInt64(bitPattern: offset)
      case .savedAt(let range):
        slot = try CallFrameExpression.value(of: range, in: frames, registers: registers, memory: memory, initial: cfa)
        if slot == nil { caller.values[number] = nil }
      }
      if let slot {
        caller.values[number] = memory.word(at: slot)
        if number == CallFrameRow.returnAddress { returnSlot = slot }
      }
    }
    return .caller(caller, returnSlot: returnSlot)
  }
}
