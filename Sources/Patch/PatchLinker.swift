/// Links an artifact for a place in a process: pure, with no access to it.
package struct PatchLinker: Sendable {
  /// How the mapping is divided.
  package var layout: ImageLayout { plan.layout }
  /// Where the artifact's sections lie, in bytes from the beginning of the mapping; empty ones are left out.
  package var sectionOffsets: [(name: String, offset: UInt64)] {
    zip(artifact.object.sections, plan.sections).compactMap { $0.size > 0 ? ($0.name, $1) : nil }
  }

  private let artifact: PatchArtifact
  private let plan: ImagePlan

  /// Divides the mapping.
  ///
  /// - Parameters:
  ///   - artifact: what is linked.
  ///   - ledgerSize: how many bytes the ledger needs at the head of the mapping, at most 1 GiB.
  package init(_ artifact: PatchArtifact, ledgerSize: UInt64) {
    precondition(ledgerSize <= 1 << 30, "the caller makes the ledger, and it is of a size that makes sense")
    self.artifact = artifact
    plan = ImagePlan(artifact, ledgerSize: ledgerSize)
  }

  /// The image for a place.
  ///
  /// - Parameters:
  ///   - base: where the mapping will lie; a multiple of the page size.
  ///   - bias: the target's load bias.
  ///   - stateWord: the address of the process's 64-bit state word.
  ///   - bit: the patch's bit in it, 0 to 63.
  ///   - imports: for each of the artifact's `info.imports` its address; nil for a weak one that nothing defines.
  ///   - form: how the branches at the entries are written.
  /// - Returns: the bytes, and where everything in them is.
  /// - Throws: ``LinkRefused`` when something does not reach, or is of a kind that cannot be linked.
  package func link(
    at base: RemoteAddress, bias: UInt64, stateWord: RemoteAddress, bit: Int, imports: [RemoteAddress?],
    form: BranchForm = .near
  ) throws(LinkRefused) -> LinkedImage {
    precondition(base.value % ImageLayout.pageSize == 0, "the kernel maps whole pages")
    precondition((0..<64).contains(bit), "the state word has 64 bits")
    precondition(imports.count == artifact.info.imports.count, "one address for each import")
    guard base.value < PatchLimits.addressEnd, layout.size <= PatchLimits.addressEnd - base.value else {
      throw LinkRefused(symbol: "", reason: .badPlace(base))
    }
    let symbols = try SymbolValues(artifact, plan, base: base.value, bias: bias, imports: imports)
    var bytes = [UInt8](repeating: 0, count: Int(layout.size))
    for (index, section) in artifact.object.sections.enumerated() where !section.content.isEmpty {
      bytes.replace(at: plan.sections[index], with: section.content)
    }
    for key in plan.tableEntries.keys {
      guard let entry = plan.tableEntries[key] else { continue }
      bytes.write(try symbols.tableValue(key), at: Int(entry))
    }
    for (index, section) in artifact.object.sections.enumerated() where !section.relocations.isEmpty {
      try X86_64SectionLinker(
        object: artifact.object, plan: plan, symbols: symbols, section: index,
        unused: form == .far ? nearCopies(in: index) : []
      ).link(into: &bytes)
    }
    writeGates(into: &bytes, symbols: symbols, stateWord: stateWord, bit: bit, form: form)
    writeStubsAndUnwind(into: &bytes)
    var functions: [LinkedFunction] = []
    for index in artifact.info.functions.indices {
      functions.append(try linkedFunction(index, symbols: symbols, base: base.value, bias: bias, form: form))
    }
    return LinkedImage(
      bytes: bytes, functions: functions,
      unwind: plan.unwind.map { RemoteAddress(base.value + $0.lowerBound)..<RemoteAddress(base.value + $0.upperBound) },
      registration: artifact.registration.map { registration in
        func place(_ symbol: Int) -> RemoteAddress { RemoteAddress(base.value + symbols.imageOffset(symbol)) }
        let state = place(registration.state)
        return LinkedRegistration(
          register: place(registration.register), deregister: place(registration.deregister),
          state: state..<RemoteAddress(state.value + UnwindRegistration.stateSize))
      }, codeRanges: CodeRanges(artifact, plan, base: base.value).ranges)
  }

  /// Where a section holds copies for near branches that nothing leads to in the far form: they need not reach the target.
  private func nearCopies(in section: Int) -> [Range<UInt64>] {
    artifact.entries.compactMap { entry in
      guard let near = entry.moved, entry.far != nil, near != entry.far else { return nil }
      let symbol = artifact.object.symbols[near]
      guard case .section(section, let offset) = symbol.definition else { return nil }
      return offset..<(offset + symbol.size)
    }
  }

  private func writeGates(
    into bytes: inout [UInt8], symbols: SymbolValues, stateWord: RemoteAddress, bit: Int, form: BranchForm
  ) {
    guard let literal = plan.stateWordLiteral else { return }
    bytes.write(stateWord.value, at: Int(literal))
    for (gate, entry) in zip(plan.gates, artifact.entries) {
      guard let gate, let moved = entry.moved(in: form) else { continue }
      bytes.replace(
        at: gate.code,
        with: X86_64Gate.bytes(
          at: gate.code, literal: literal, bit: bit, replacement: symbols.imageOffset(entry.replacement),
          slot: gate.slot))
      bytes.write(symbols.base + symbols.imageOffset(moved), at: Int(gate.slot))
    }
  }

  private func writeStubsAndUnwind(into bytes: inout [UInt8]) {
    for (symbol, stub) in plan.stubs {
      guard let entry = plan.tableEntries[ImagePlan.TableKey(symbol: symbol, isThreadLocal: false)] else { continue }
      bytes.replace(at: stub, with: X86_64Stub.bytes(at: stub, entry: entry))
    }
    let first = plan.stubs.values.min() ?? 0
    let end = plan.stubs.values.max().map { $0 + X86_64Stub.length } ?? first
    // What follows the records is zero already: the word that ends the list.
    bytes.replace(
      at: plan.generatedUnwind,
      with: X86_64Unwind.records(
        at: plan.generatedUnwind, gates: plan.gates.compactMap { $0?.code }, stubs: first..<end))
  }

  private func linkedFunction(
    _ index: Int, symbols: SymbolValues, base: UInt64, bias: UInt64, form: BranchForm
  ) throws(LinkRefused) -> LinkedFunction {
    let function = artifact.info.functions[index]
    let original = function.entry.original(in: form)
    let entry = artifact.entries[index]
    let start = function.address.value &+ bias
    let (end, overflow) = start.addingReportingOverflow(function.size)
    let place = RemoteAddress(start &+ function.entry.offset)
    guard !overflow, end <= PatchLimits.addressEnd else {
      throw LinkRefused(symbol: function.symbol, reason: .badPlace(place))
    }
    func branch(_ destination: RemoteAddress) throws(LinkRefused) -> [UInt8] {
      guard let bytes = X86_64Branch.bytes(length: original.count, from: place, to: destination) else {
        throw LinkRefused(symbol: function.symbol, reason: .branchOutOfReach(from: place, to: destination))
      }
      return bytes
    }
    let replacement = RemoteAddress(base + symbols.imageOffset(entry.replacement))
    let gate = plan.gates[index].map { RemoteAddress(base + $0.code) }
    var gateBranch: [UInt8]?
    if let gate { gateBranch = try branch(gate) }
    let moved = entry.moved(in: form).map { base + symbols.imageOffset($0) }
    var instructions: [LinkedFunction.MovedAddress] = []
    var branchesToEntry = false
    if let table = function.entry.moved(in: form), let moved {
      branchesToEntry = table.branchesToEntry
      instructions = table.instructions.map {
        LinkedFunction.MovedAddress(
          original: RemoteAddress(place.value + $0.original), moved: RemoteAddress(moved + $0.moved))
      }
    }
    return LinkedFunction(
      symbol: function.symbol, place: place, original: original, gateBranch: gateBranch,
      directBranch: try branch(replacement), function: RemoteAddress(start)..<RemoteAddress(end),
      replacement: replacement, gate: gate, elseSlot: plan.gates[index].map { RemoteAddress(base + $0.slot) },
      moved: moved.map(RemoteAddress.init), movedInstructions: instructions, branchesToEntry: branchesToEntry,
      parts: try parts(of: function, bias: bias))
  }
}

extension PatchLinker {
  /// Where a function's pieces that lie apart are in the process.
  private func parts(of function: ReplacedFunction, bias: UInt64) throws(LinkRefused) -> [Range<RemoteAddress>] {
    var parts: [Range<RemoteAddress>] = []
    for part in function.parts ?? [] {
      let start = part.address.value &+ bias
      let (end, overflow) = start.addingReportingOverflow(part.size)
      guard !overflow, end <= PatchLimits.addressEnd else {
        throw LinkRefused(symbol: function.symbol, reason: .badPlace(RemoteAddress(start)))
      }
      parts.append(RemoteAddress(start)..<RemoteAddress(end))
    }
    return parts
  }
}

extension [UInt8] {
  /// Writes bytes at an offset that the caller knows to have room for them.
  fileprivate mutating func replace(at offset: UInt64, with bytes: [UInt8]) {
    replaceSubrange(Int(offset)..<(Int(offset) + bytes.count), with: bytes)
  }
}
