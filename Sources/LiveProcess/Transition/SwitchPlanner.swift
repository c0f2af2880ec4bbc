internal import Patch

/// Makes a ``SwitchPlan``: drives every site to what the state word says, then takes the shortest safe way to the
/// wanted word.
package struct SwitchPlanner {
  private let ledgers: [Ledger]
  private let sites: [PatchSite]
  private let checksStacks: Bool
  private let route: CodeWriter.Route
  private var memory: MemoryImage
  private var plan: SwitchPlan
  private var owners: [PatchSite.Claim?] = []
  private var contents: [PatchSite.Content] = []

  /// Computes the switch from the present state word to the one with some bits set and others not.
  ///
  /// `ledgers`: those of all patches that the process carries.
  /// `word`: the state word as it is.
  /// `memory`: at least ``SwitchPlan/neededMemory(_:)``.
  /// `activate`: the bits that are to be set.
  /// `deactivate`: the bits that are not to be set.
  /// `checksStacks`: whether no thread will be in a function that changes.
  /// `route`: how the code will be written; by words, each place is a step of its own.
  package static func plan(
    _ ledgers: [Ledger], word: UInt64, memory: MemoryImage, activate: Set<Int>, deactivate: Set<Int>,
    checksStacks: Bool, by route: CodeWriter.Route = .memoryFile
  ) throws(SwitchRefusal) -> SwitchPlan {
    var planner = SwitchPlanner(
      ledgers: ledgers, sites: try PatchSite.all(of: ledgers), checksStacks: checksStacks, route: route,
      memory: memory, word: word)
    try planner.observe(word: word)
    let target = (planner.plan.wordBefore | mask(activate)) & ~mask(deactivate)
    try planner.run(to: target, activating: activate)
    return planner.plan
  }

  private init(
    ledgers: [Ledger], sites: [PatchSite], checksStacks: Bool, route: CodeWriter.Route, memory: MemoryImage,
    word: UInt64
  ) {
    self.ledgers = ledgers
    self.sites = sites
    self.checksStacks = checksStacks
    self.route = route
    self.memory = memory
    plan = SwitchPlan(wordBefore: word, wordAfter: word)
    for ledger in ledgers {
      for function in ledger.functions {
        guard let gate = function.gate else { continue }
        plan.gates.append(SwitchPlan.GateOrigin(range: gate.range, place: function.place))
      }
    }
    plan.gates.sort { $0.range.lowerBound < $1.range.lowerBound }
  }

  private static func mask(_ bits: Set<Int>) -> UInt64 { bits.reduce(0) { $0 | 1 << UInt64($1) } }

  private func function(_ claim: PatchSite.Claim) -> Ledger.Function {
    ledgers[claim.ledger].functions[claim.function]
  }

  private func owner(_ site: PatchSite, _ word: UInt64) throws(SwitchRefusal) -> PatchSite.Claim? {
    let owning = site.claims.filter { ledgers[$0.ledger].mask & word != 0 }
    guard owning.count <= 1 else {
      throw SwitchRefusal(
        ledgers[owning[1].ledger], function(owning[1]), .placeTaken(by: ledgers[owning[0].ledger].name))
    }
    return owning.first
  }

  /// Reads what stands at each site and whose it is.
  ///
  /// The word decides, but for the direct form: there the entry is the switch and the word follows it, so what the
  /// entry says is the truth and the word is put right.
  private mutating func observe(word: UInt64) throws(SwitchRefusal) {
    var corrected = word
    for site in sites {
      guard let bytes = memory.bytes(at: site.address, count: site.original.count) else {
        throw SwitchRefusal(.changedSincePlan)
      }
      let content = site.content(bytes, ledgers)
      contents.append(content)
      var owner = try owner(site, word)
      let ownerIsDirect = owner.map { ledgers[$0.ledger].isDirectForm } ?? false
      switch content {
      case .direct(let claim) where ledgers[claim.ledger].isDirectForm || ownerIsDirect: owner = claim
      case .gate(let claim) where ownerIsDirect: owner = ledgers[claim.ledger].mask & word != 0 ? claim : nil
      case .original where ownerIsDirect: owner = nil
      default: break
      }
      owners.append(owner)
      if site.claims.contains(where: { ledgers[$0.ledger].isDirectForm }) {
        for claim in site.claims { corrected &= ~ledgers[claim.ledger].mask }
        if let owner { corrected |= ledgers[owner.ledger].mask }
      }
    }
    plan.wordBefore = corrected
    plan.wordAfter = corrected
    try recover(correcting: word)
  }

  private func settled(_ site: PatchSite, _ owner: PatchSite.Claim?) -> [UInt8] {
    owner.map { site.padded(function($0).direct) } ?? site.original
  }

  /// Drives every site that a killed run left in between to what it does already.
  private mutating func recover(correcting word: UInt64) throws(SwitchRefusal) {
    var wanted: [Int: [UInt8]] = [:]
    for (index, site) in sites.enumerated() {
      switch contents[index] {
      case .foreign: continue
      // Its patch is on and yet the build's own bytes stand here: somebody else's doing, and not to be undone unasked.
      case .original where owners[index] != nil: continue
      case .gate(let claim): try checkElseSlot(of: claim, at: site)
      default: break
      }
      let bytes = settled(site, owners[index])
      guard memory.bytes(at: site.address, count: bytes.count) != bytes else { continue }
      wanted[index] = bytes
      contents[index] = owners[index].map { .direct($0) } ?? .original
    }
    try write(wanted, .recover)
    if plan.wordBefore != word { writeWord(plan.wordBefore, .recover) }
    resetSlots(.recover)
  }

  /// A gate whose bit is not set and whose slot leads nowhere known: nobody can say what the entry does.
  private func checkElseSlot(of claim: PatchSite.Claim, at site: PatchSite) throws(SwitchRefusal) {
    guard let gate = function(claim).gate, ledgers[claim.ledger].mask & plan.wordBefore == 0 else { return }
    let slot = memory.word(at: gate.elseSlot)
    // Tools before this one let a gate lead to its predecessor's.
    let gates = site.claims.compactMap { function($0).gate?.range.lowerBound.value }
    let known = [gate.moved.value] + gates + site.claims.map { function($0).replacement.value }
    guard slot.map({ known.contains($0) }) ?? false else {
      throw SwitchRefusal(
        ledgers[claim.ledger], function(claim),
        .foreignBytes(
          ObservedPatch.Drift(
            kind: .imageChanged, symbol: function(claim).symbol, address: gate.elseSlot,
            expected: gate.moved.value.littleEndianBytes, found: slot?.littleEndianBytes ?? [])))
    }
  }

  /// Lets the gates lead to their own moved instructions again; nothing leads to a gate when this is written.
  private mutating func resetSlots(_ phase: SwitchPlan.Phase) {
    for (index, site) in sites.enumerated() {
      for claim in site.claims {
        if case .gate(claim) = contents[index] { continue }
        guard let gate = function(claim).gate else { continue }
        writeSlot(gate, gate.moved, phase)
      }
    }
  }

  private mutating func writeSlot(_ gate: Ledger.Gate, _ target: RemoteAddress, _ phase: SwitchPlan.Phase) {
    guard let present = memory.word(at: gate.elseSlot), present != target.value else { return }
    let write = MemoryImage.Span(start: gate.elseSlot, bytes: target.value.littleEndianBytes)
    memory.write(write.bytes, at: write.start)
    plan.steps.append(SwitchPlan.Step(phase: phase, writes: [write]))
  }

  private mutating func writeWord(_ word: UInt64, _ phase: SwitchPlan.Phase, with values: [MemoryImage.Span] = []) {
    guard let address = ledgers.first?.stateWord else { return }
    let store = MemoryImage.Span(start: address, bytes: word.littleEndianBytes)
    plan.steps.append(SwitchPlan.Step(phase: phase, writes: values + [store]))
  }

  /// Writes sites, one system call for all of a page: the kernel copies what lies within a page without being stopped.
  private mutating func write(_ wanted: [Int: [UInt8]], _ phase: SwitchPlan.Phase) throws(SwitchRefusal) {
    guard route == .memoryFile else { return try writeWords(wanted, phase) }
    var batch: Range<RemoteAddress>?
    func flush(_ range: Range<RemoteAddress>?) {
      guard let range, let bytes = memory.bytes(at: range.lowerBound, count: range.count) else { return }
      plan.steps.append(
        SwitchPlan.Step(phase: phase, writes: [MemoryImage.Span(start: range.lowerBound, bytes: bytes)]))
    }
    for index in wanted.keys.sorted() {
      let site = sites[index]
      guard let bytes = wanted[index], memory.bytes(at: site.address, count: bytes.count) != bytes else { continue }
      memory.write(bytes, at: site.address)
      if let last = batch, last.lowerBound.page == site.address.page {
        batch = last.lowerBound..<site.range.upperBound
      } else {
        flush(batch)
        batch = site.range
      }
    }
    flush(batch)
  }

  /// Writes sites one by one, of each only what changes: the kernel takes a word at a time, and no more than that is whole.
  ///
  /// - Throws: ``SwitchRefusal`` where the bytes that change do not fit into one, such as a branch that reaches everything.
  private mutating func writeWords(_ wanted: [Int: [UInt8]], _ phase: SwitchPlan.Phase) throws(SwitchRefusal) {
    for index in wanted.keys.sorted() {
      let site = sites[index]
      guard let bytes = wanted[index], let present = memory.bytes(at: site.address, count: bytes.count),
        let first = bytes.indices.first(where: { bytes[$0] != present[$0] }),
        let last = bytes.indices.last(where: { bytes[$0] != present[$0] })
      else { continue }
      let write = MemoryImage.Span(
        start: RemoteAddress(site.address.value + UInt64(first)), bytes: Array(bytes[first...last]))
      guard CodeWriter.fitsWord(write.bytes.count, at: write.start) else {
        let claim = site.claims[0]
        throw SwitchRefusal(
          ledgers[claim.ledger], function(claim),
          .unsupported(
            "its branch changes \(write.bytes.count) bytes, and the kernel lets code be written by 8 at a time only "
              + "(proc_mem.force_override)"))
      }
      memory.write(write.bytes, at: write.start)
      plan.steps.append(SwitchPlan.Step(phase: phase, writes: [write]))
    }
  }

  // MARK: The switch

  private mutating func run(to target: UInt64, activating: Set<Int>) throws(SwitchRefusal) {
    let changed = plan.wordBefore ^ target
    var touched: [Int] = []
    var successors: [PatchSite.Claim?] = []
    for (index, site) in sites.enumerated() {
      let next = try owner(site, target)
      successors.append(next)
      var isTouched = next != owners[index]
      // Asked for again while the build's own bytes stand here: put back.
      if let next, contents[index] == .original, activating.contains(ledgers[next.ledger].bit) { isTouched = true }
      guard isTouched else { continue }
      try check(site, at: index, next)
      touched.append(index)
    }
    let values = try valueWrites(from: plan.wordBefore, to: target)
    plan.wordAfter = target
    guard !touched.isEmpty || changed != 0 else { return }
    let direct = try usesDirectForm(changed, touched)
    for index in touched { note(index, successors[index]) }

    if !direct {
      var armed: [Int: [UInt8]] = [:]
      for index in touched {
        armed[index] = armBytes(index, successors[index])
      }
      try write(armed, .arm)
    } else {
      try write(Dictionary(uniqueKeysWithValues: touched.map { ($0, settled(sites[$0], successors[$0])) }), .commit)
    }
    if changed != 0 { writeWord(target, .commit, with: values) }
    if !direct {
      try write(Dictionary(uniqueKeysWithValues: touched.map { ($0, settled(sites[$0], successors[$0])) }), .settle)
    }
    for index in touched { contents[index] = successors[index].map { .direct($0) } ?? .original }
    resetSlots(.tidy)
  }

  private func check(_ site: PatchSite, at index: Int, _ next: PatchSite.Claim?) throws(SwitchRefusal) {
    guard let claim = next ?? owners[index] else { return }
    if case .foreign(let found) = contents[index] {
      throw SwitchRefusal(
        ledgers[claim.ledger], function(claim),
        .foreignBytes(
          ObservedPatch.Drift(
            kind: .ofCode(found, expected: settled(site, owners[index])), symbol: function(claim).symbol,
            address: site.address, expected: settled(site, owners[index]), found: found)))
    }
    guard site.address.page == RemoteAddress(site.range.upperBound.value - 1).page else {
      throw SwitchRefusal(ledgers[claim.ledger], function(claim), .crossesPage)
    }
    if !checksStacks, function(claim).gate?.branchesToEntry ?? false {
      throw SwitchRefusal(ledgers[claim.ledger], function(claim), .loopsToEntry)
    }
  }

  /// Whether the switch is the one kind that needs no gate; refuses where one is needed and not there.
  private func usesDirectForm(_ changed: UInt64, _ touched: [Int]) throws(SwitchRefusal) -> Bool {
    let involved = ledgers.filter { $0.mask & changed != 0 }
    guard let direct = involved.first(where: \.isDirectForm) else { return false }
    guard touched.count == 1, involved.allSatisfy({ $0.functions.count == 1 && $0.values.isEmpty }) else {
      throw SwitchRefusal(
        patch: direct.name, symbol: direct.functions.first { $0.gate == nil }?.symbol, .directFormOnly(direct.name))
    }
    return true
  }

  /// The branch to the gate that does what the entry does now and, once the word is stored, what it is to do.
  private mutating func armBytes(_ index: Int, _ next: PatchSite.Claim?) -> [UInt8]? {
    let site = sites[index]
    let isOriginal = contents[index] == .original
    guard let claim = next ?? (isOriginal ? nil : owners[index]), let gate = function(claim).gate else { return nil }
    if next != nil, !isOriginal, let old = owners[index], old != claim {
      // Not to its gate: a thread could ask the one before the commit and the other behind it, and both would say no. Nobody
      // is in a gate when a living tool commits, but with values the commit can outlive the tool, and then all threads run.
      writeSlot(gate, function(old).replacement, .slots)
    }
    return site.padded(gate.branch)
  }

  /// Notes which code and which bytes no thread may be in.
  private mutating func note(_ index: Int, _ next: PatchSite.Claim?) {
    let site = sites[index]
    guard let claim = next ?? owners[index] else { return }
    let isOriginal = contents[index] == .original
    let name = ledgers[claim.ledger].name
    let symbol = function(claim).symbol
    var first = 1
    if !isOriginal, let owner = owners[index] { first = function(owner).direct.count }
    let last = max(function(claim).direct.count, function(claim).gate?.branch.count ?? 0)
    if next != nil, first < last {
      let start = RemoteAddress(site.address.value + UInt64(first))
      let range = start..<RemoteAddress(site.address.value + UInt64(last))
      plan.overwritten.append(SwitchPlan.Use(range: range, patch: name, symbol: symbol))
      for instruction in function(claim).gate?.instructions ?? [] where range.contains(instruction.original) {
        plan.redirects[instruction.original] = instruction.moved
      }
    }
    // A copy for a shorter branch ends in a jump into bytes that a longer one overwrites: nobody may be on the way there.
    for other in site.claims where next != nil && function(other).direct.count < last {
      guard let moved = function(other).gate?.movedRange else { continue }
      plan.overwritten.append(SwitchPlan.Use(range: moved, patch: name, symbol: symbol))
    }
    if isOriginal {
      let end = max(function(claim).range.upperBound, RemoteAddress(site.address.value + 1))
      plan.uses.append(
        SwitchPlan.Use(range: RemoteAddress(site.address.value + 1)..<end, patch: name, symbol: symbol))
      for part in function(claim).parts {
        plan.uses.append(SwitchPlan.Use(range: part, patch: name, symbol: symbol))
      }
      // A thread may still be in a copy of the first instructions, where it was set by an earlier switch.
      for other in site.claims {
        guard let gate = function(other).gate, let moved = gate.movedRange else { continue }
        plan.uses.append(SwitchPlan.Use(range: moved, patch: name, symbol: symbol))
      }
    } else if let owner = owners[index] {
      for range in ledgers[owner.ledger].textRanges where !plan.uses.contains(where: { $0.range == range }) {
        plan.uses.append(SwitchPlan.Use(range: range, patch: ledgers[owner.ledger].name, symbol: symbol))
      }
    }
  }

  // MARK: Values

  /// The values to write together with the word, and notes what stood there and what is left alone.
  private mutating func valueWrites(from old: UInt64, to new: UInt64) throws(SwitchRefusal) -> [MemoryImage.Span] {
    var ranges: [Range<RemoteAddress>] = []
    let before = memory
    for ledger in ledgers where ledger.mask & old & ~new != 0 {
      for value in ledger.values {
        let found = memory.bytes(at: value.address, count: value.new.count) ?? []
        if found == value.new {
          memory.write(value.original, at: value.address)
          ranges.append(value.range)
        } else if found != value.original {
          plan.valuesLeft.append(
            ObservedPatch.Drift(
              kind: .valueChanged, symbol: value.symbol, address: value.address, expected: value.new, found: found))
        }
      }
    }
    for (position, ledger) in ledgers.enumerated() where ledger.mask & new & ~old != 0 {
      for (index, value) in ledger.values.enumerated() {
        for other in ledgers where other.mask & new != 0 && other.id != ledger.id {
          guard !other.values.contains(where: { $0.range.overlaps(value.range) }) else {
            throw SwitchRefusal(patch: ledger.name, symbol: value.symbol, .placeTaken(by: other.name))
          }
        }
        guard let found = memory.bytes(at: value.address, count: value.new.count) else {
          throw SwitchRefusal(patch: ledger.name, symbol: value.symbol, .changedSincePlan)
        }
        guard value.expect == nil || value.expect == found else {
          throw SwitchRefusal(
            patch: ledger.name, symbol: value.symbol, .unexpectedValue(expected: value.expect ?? [], found: found))
        }
        plan.saved.append(SwitchPlan.Saved(ledger: position, value: index, bytes: found))
        memory.write(value.new, at: value.address)
        ranges.append(value.range)
      }
    }
    return changedSpans(ranges, before)
  }

  /// What is now in some ranges, where it differs from before, without overlaps.
  private func changedSpans(_ ranges: [Range<RemoteAddress>], _ before: MemoryImage) -> [MemoryImage.Span] {
    var merged: [Range<RemoteAddress>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      // Neighbours too: the fewer parts, the shorter the commit.
      if let last = merged.last, last.upperBound >= range.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged.compactMap { range in
      guard let bytes = memory.bytes(at: range.lowerBound, count: range.count),
        bytes != before.bytes(at: range.lowerBound, count: range.count)
      else { return nil }
      return MemoryImage.Span(start: range.lowerBound, bytes: bytes)
    }
  }
}

extension Range<RemoteAddress> {
  /// How many bytes lie in it.
  package var count: Int { Int(upperBound.value - lowerBound.value) }
}

extension Ledger.Gate {
  /// The moved instructions and the jump back behind them, as far as a thread can be found there.
  var movedRange: Range<RemoteAddress>? {
    let last = instructions.map(\.moved).max() ?? moved
    // The longest instruction has 15 bytes (Intel SDM, volume 2, 2.3.11), the jump back at most 14.
    guard let end = last.advanced(by: 29) else { return nil }
    return moved < end ? moved..<end : nil
  }
}

extension ObservedPatch.Drift.Kind {
  /// What foreign code at a place looks like.
  static func ofCode(_ found: [UInt8], expected: [UInt8]) -> ObservedPatch.Drift.Kind {
    if zip(found, expected).contains(where: { $0 != $1 && $0 == 0xcc }) { return .breakpoint }
    switch found.first {
    case 0xe9, 0xeb: return .foreignBranch
    case 0xff where found.dropFirst().first == 0x25: return .foreignBranch
    default: return .foreignBytes
    }
  }
}
