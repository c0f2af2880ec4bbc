package import Patch

/// The call-frame information of a whole process.
package struct UnwindTables: Sendable {
  private var tables: [UnwindTable]
  /// Instructions that are copies of others, and those: a function's moved first instructions.
  private var copies: [RemoteAddress: RemoteAddress]
  /// Rows found before: threads of one program stand at the same places again and again.
  private var rows: [UInt64: (table: Int, row: CallFrameRow, end: UInt64)] = [:]

  /// Sorts the tables for looking up.
  ///
  /// `tables`: those of the objects, in any order.
  /// `copies`: instructions that have been moved, and where they were: the row of the original holds.
  package init(_ tables: [UnwindTable], copies: [RemoteAddress: RemoteAddress] = [:]) {
    self.tables = tables.sorted { $0.code.lowerBound < $1.code.lowerBound }
    self.copies = copies
  }

  /// The frame before the one with these registers, and whether it was interrupted rather than calling.
  mutating func step<Memory: WalkMemory>(
    from registers: WalkRegisters, at lookup: RemoteAddress, memory: Memory
  ) throws(DamagedUnwindTable) -> (StackWalk.Step, isSignalFrame: Bool) {
    let lookup = copies[lookup] ?? lookup
    var found = rows[lookup.value]
    if found == nil, let index = index(of: lookup), let (row, end) = try tables[index].found(at: lookup) {
      found = (index, row, end)
      rows[lookup.value] = found
    }
    // A return address just behind a function is that of a last call, or a restorer that happens to follow.
    if let found, registers.instructionPointer != found.end {
      return (try tables[found.table].caller(of: registers, by: found.row, memory: memory), found.row.isSignalFrame)
    }
    if let instruction = registers.instructionPointer,
      let interrupted = X86_64SignalFrame.interrupted(by: instruction, registers: registers, memory: memory)
    {
      return (interrupted, true)
    }
    guard let found else { return (.lost, false) }
    return (try tables[found.table].caller(of: registers, by: found.row, memory: memory), found.row.isSignalFrame)
  }

  private func index(of address: RemoteAddress) -> Int? {
    var low = 0
    var high = tables.count
    while low < high {
      let middle = (low + high) / 2
      if tables[middle].code.lowerBound <= address { low = middle + 1 } else { high = middle }
    }
    return low > 0 && tables[low - 1].code.contains(address) ? low - 1 : nil
  }
}
