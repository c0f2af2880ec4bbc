internal import Patch

/// Plans the entries of a target's functions, from the target's own bytes.
struct EntryPlanner: ~Copyable {
  let target: TargetImage
  let references: CodeReferences
  let decoder: X86_64Decoder
  let unwind: UnwindRanges

  /// Nil when the decoder cannot be opened.
  init?(_ target: TargetImage, references: CodeReferences) {
    guard let decoder = X86_64Decoder() else { return nil }
    self.target = target
    self.references = references
    self.decoder = decoder
    unwind = UnwindRanges(target)
  }

  /// Plans one function.
  ///
  /// `address`: its link-time address.
  /// `size`: its size in bytes.
  /// `form`: how long the branch is, and how far the copy of what it overwrites may be.
  func plan(address: UInt64, size: UInt64, form: BranchForm = .near) throws(EntryRefusal) -> EntryPlan {
    let length = UInt64(form == .near ? X86_64Branch.nearLength : X86_64Branch.absoluteLength)
    guard size > 0 else { throw .sizeUnknown }
    guard let body = target.code(at: address, count: size) else { throw .notInFile }
    let end = address &+ size
    let offset: UInt64 = body.starts(with: [0xf3, 0x0f, 0x1e, 0xfa]) ? 4 : 0
    let place = address &+ offset
    let overwritten = place..<(place &+ length)
    let instructions = try entryInstructions(body, address: address, offset: offset, overwritten: overwritten)
    // A write within one page is whole even when the writer is killed; one across two is not.
    guard place & 4095 <= 4096 - length else { throw .crossesPage(at: LinkAddress(place)) }
    guard let original = target.code(at: place, count: length) else { throw .notInFile }
    try checkNothingEnters(overwritten, body: body, address: address)
    let loops = branchesToEntry(entries: [address, place], body: body, address: address)
    try checkFlags(from: place, within: address..<end)
    if loops, let below = decoder.instructions(in: body, base: address).first(where: \.belowStackPointer) {
      throw .redZoneLive(at: LinkAddress(below.address))
    }
    // A moved call returns to where the original one does.
    for instruction in instructions where instruction.isCall && overwritten.contains(instruction.end) {
      throw .returnsInto(LinkAddress(instruction.end))
    }
    let last = instructions.last
    return EntryPlan(
      offset: offset, place: place, original: original, instructions: instructions,
      resumesAt: last.map { $0.endsFlow ? nil : $0.end } ?? nil, branchesToEntry: loops,
      form: form, cannotMove: MovedCode.obstacle(in: instructions, form: form))
  }

  /// The instructions that the branch overwrites, as far as they belong to the function.
  private func entryInstructions(
    _ body: [UInt8], address: UInt64, offset: UInt64, overwritten: Range<UInt64>
  ) throws(EntryRefusal) -> [X86_64Instruction] {
    var found: [X86_64Instruction] = []
    var at = Int(offset)
    while at < body.count, address &+ UInt64(at) < overwritten.upperBound {
      if body[at] == 0xcc { throw .breakpoint(at: LinkAddress(address &+ UInt64(at))) }
      guard let next = decoder.instruction(in: body, at: at, base: address) else {
        throw .undecodable(at: LinkAddress(address &+ UInt64(at)))
      }
      found.append(next)
      at += next.bytes.count
    }
    let end = address &+ UInt64(body.count)
    guard end < overwritten.upperBound else { return found }
    let usable = UInt64(body.count) - offset + padding(from: end, wanted: overwritten.upperBound - end)
    guard usable >= overwritten.upperBound - overwritten.lowerBound else {
      throw .tooShort(size: UInt64(body.count), usable: usable)
    }
    guard found.last?.endsFlow == true else { throw .runsOff }
    return found
  }

  /// How many bytes from an address on are padding, up to the next symbol; at most as many as are wanted.
  private func padding(from start: UInt64, wanted: UInt64) -> UInt64 {
    let next = target.symbols.code(in: start..<(start &+ wanted)).first?.address.value ?? start &+ wanted
    guard let segment = target.code.first(where: { $0.range.contains(start) }) else { return 0 }
    // Padding may be one long nop, longer than what is wanted of it.
    let available = min(segment.range.upperBound - start, 32)
    guard let bytes = target.code(at: start, count: available) else { return 0 }
    var at = 0
    while at < bytes.count, start &+ UInt64(at) < next, let nop = decoder.instruction(in: bytes, at: at, base: start),
      nop.isPadding
    {
      at += nop.bytes.count
    }
    return min(UInt64(at), next - start)
  }

  /// Refuses a place whose bytes behind the first are entered by a branch, a pointer, a jump table or a symbol.
  private func checkNothingEnters(_ overwritten: Range<UInt64>, body: [UInt8], address: UInt64) throws(EntryRefusal) {
    let inside = (overwritten.lowerBound + 1)..<overwritten.upperBound
    if let other = target.symbols.code(in: inside).first { throw .anotherSymbolWithin(other.name) }
    for branch in references.branches(into: inside) where isRealBranch(branch) {
      throw .branchInto(from: LinkAddress(branch.from), to: LinkAddress(branch.to))
    }
    for branch in shortBranches(into: inside) where isRealBranch(branch) {
      throw .branchInto(from: LinkAddress(branch.from), to: LinkAddress(branch.to))
    }
    if let pointer = references.pointers(into: inside).first {
      throw .pointerInto(at: LinkAddress(pointer.from), to: LinkAddress(pointer.to))
    }
    for entry in tableEntries(body, address: address) where inside.contains(entry.to) {
      throw .pointerInto(at: LinkAddress(entry.from), to: LinkAddress(entry.to))
    }
  }

  /// What may be a branch with an 8-bit displacement into a range: at every byte that reaches so far.
  private func shortBranches(into range: Range<UInt64>) -> [CodeReferences.Reference] {
    guard let segment = target.code.first(where: { $0.range.contains(range.lowerBound) }) else { return [] }
    let first = range.lowerBound &- min(130, range.lowerBound - segment.address)
    let last = min(range.upperBound &+ 130, segment.range.upperBound)
    guard let bytes = target.code(at: first, count: last - first) else { return [] }
    var found: [CodeReferences.Reference] = []
    for at in 0..<max(bytes.count - 1, 0) {
      let opcode = bytes[at]
      guard opcode == 0xeb || opcode & 0xf0 == 0x70 || opcode & 0xfc == 0xe0 else { continue }
      let from = first &+ UInt64(at)
      let to = from &+ 2 &+ UInt64(bitPattern: Int64(Int8(bitPattern: bytes[at + 1])))
      if range.contains(to) { found.append(CodeReferences.Reference(to: to, from: from)) }
    }
    return found
  }

  /// Whether bytes that look like a branch are one: false only where the code around them decodes to something else.
  func isRealBranch(_ branch: CodeReferences.Reference) -> Bool {
    guard let (start, body) = decodable(around: branch.from) else { return true }
    var at = 0
    while at < body.count, let next = decoder.instruction(in: body, at: at, base: start) {
      if next.end > branch.from {
        if let target = next.jumpTarget { return target == branch.to }
        if case .call(let target) = next.flow { return target == branch.to }
        return next.flow == .other
      }
      at += next.bytes.count
    }
    return true
  }

  /// Code that holds an address and begins with an instruction: the function that the symbols name, or the call-frame information;
  /// else what lies behind the last function that they name, as in a stripped file.
  ///
  /// Nil where too much lies between.
  private func decodable(around address: UInt64) -> (start: UInt64, bytes: [UInt8])? {
    if let function = target.symbols.function(holding: address),
      let body = target.code(at: function.address.value, count: function.size)
    {
      return (function.address.value, body)
    }
    if let function = unwind.range(holding: address),
      let body = target.code(at: function.lowerBound, count: function.upperBound - function.lowerBound)
    {
      return (function.lowerBound, body)
    }
    guard let start = target.symbols.lastEnd(before: address), address - start < 1 << 18,
      let segment = target.code.first(where: { $0.range.contains(address) }), segment.range.contains(start),
      let body = target.code(at: start, count: min(address - start + 15, segment.range.upperBound - start))
    else { return nil }
    return (start, body)
  }

  /// Whether the function's own code jumps to one of its entries.
  private func branchesToEntry(entries: [UInt64], body: [UInt8], address: UInt64) -> Bool {
    let own = address..<(address &+ UInt64(body.count))
    for entry in Set(entries) {
      let one = entry..<(entry &+ 1)
      // A jump from elsewhere, such as one over the padding before the function, is a call like any other.
      let candidates = (references.branches(into: one) + shortBranches(into: one)).filter { own.contains($0.from) }
      for branch in candidates where isRealBranch(branch) && isJump(at: branch.from) { return true }
    }
    return tableEntries(body, address: address).contains { entries.contains($0.to) }
  }

  private func isJump(at address: UInt64) -> Bool {
    guard let byte = target.code(at: address, count: 1)?.first else { return true }
    return byte != 0xe8
  }

  /// The entries of what may be the function's jump tables: 32-bit offsets from a table whose address it computes.
  private func tableEntries(_ body: [UInt8], address: UInt64) -> [CodeReferences.Reference] {
    let own = address..<(address &+ UInt64(body.count))
    var found: [CodeReferences.Reference] = []
    var hasIndirectJump = false
    var tables: Set<UInt64> = []
    var at = 0
    while at < body.count {
      guard let next = decoder.instruction(in: body, at: at, base: address) else {
        // Data among the code, or an instruction newer than the decoder: go on behind it, so that no table is missed.
        at += 1
        continue
      }
      if next.flow == .indirectJump { hasIndirectJump = true }
      if let table = next.ripOperand?.target, table & 3 == 0, !own.contains(table) { tables.insert(table) }
      at += next.bytes.count
    }
    guard hasIndirectJump else { return [] }
    for table in tables.sorted() {
      guard let segment = (target.data + target.code).first(where: { $0.range.contains(table) }) else { continue }
      var at = Int(table - segment.address)
      while let entry = segment.bytes.little(Int32.self, at: at) {
        let to = table &+ UInt64(bitPattern: Int64(entry))
        guard own.contains(to) else { break }
        found.append(CodeReferences.Reference(to: to, from: segment.address &+ UInt64(at)))
        at += 4
      }
    }
    return found
  }

  /// Refuses an entry from which some path reads a flag before writing it, because the gate changes the flags.
  private func checkFlags(from place: UInt64, within function: Range<UInt64>) throws(EntryRefusal) {
    var open: [(address: UInt64, unwritten: StatusFlags)] = [(place, .all)]
    var seen: [UInt64: StatusFlags] = [:]
    var steps = 0
    while let (address, unwritten) = open.popLast() {
      guard function.contains(address), !unwritten.isEmpty else { continue }
      if let before = seen[address], unwritten.isSubset(of: before) { continue }
      seen[address] = unwritten.union(seen[address] ?? [])
      steps += 1
      // Nothing in a function's first instructions takes so long to set the flags.
      guard steps < 2000 else { throw .flagsLive(at: LinkAddress(address)) }
      guard let bytes = target.code(at: address, count: min(15, function.upperBound - address)),
        let next = decoder.instruction(in: bytes, at: 0, base: address)
      else {
        throw .undecodable(at: LinkAddress(address))
      }
      guard next.flagsRead.isDisjoint(with: unwritten) else { throw .flagsLive(at: LinkAddress(address)) }
      let left = unwritten.subtracting(next.flagsWritten)
      switch next.flow {
      case .next: open.append((next.end, left))
      case .jump(let to): open.append((to, left))
      case .conditional(let to, _), .counted(let to):
        open.append((next.end, left))
        open.append((to, left))
      // A called function sets the flags as it likes, and a caller finds them so (psABI 3.2.1).
      case .call, .indirectCall, .indirectJump, .return, .breakpoint, .stop, .other: break
      }
    }
  }
}
