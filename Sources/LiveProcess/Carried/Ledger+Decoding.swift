internal import Patch

extension Ledger {
  /// What the first bytes of a mapping say about the ledger there: how long it is.
  ///
  /// `start`: the first ``headerSize`` bytes of the mapping.
  package static func size(ofLedgerBeginning start: [UInt8]) throws(DamagedLedger) -> Int {
    var reader = LedgerReader(start, from: 0, to: start.count)
    guard try reader.raw("magic", count: magic.count) == magic else { throw .damaged(field: "magic", offset: 0) }
    let version = try reader.integer("version", as: UInt32.self)
    guard version <= currentVersion else { throw .newer(version: version) }
    guard version >= 1 else { throw .damaged(field: "version", offset: 8) }
    let size = try reader.count("size", atMost: maximumSize)
    guard size >= headerSize else { throw .damaged(field: "size", offset: 12) }
    return size
  }

  /// Reads a ledger out of bytes that may be anything.
  package init(reading bytes: [UInt8]) throws(DamagedLedger) {
    let size = try Ledger.size(ofLedgerBeginning: bytes)
    guard size <= bytes.count else { throw .damaged(field: "size", offset: 12) }
    var header = LedgerReader(bytes, from: Ledger.stateOffset, to: Ledger.headerSize)
    guard let state = State(rawValue: try header.integer("state")) else {
      throw .damaged(field: "state", offset: Ledger.stateOffset)
    }
    _ = try header.integer("reserved", as: UInt32.self)
    let activatedAt = try header.integer("activatedAt", as: Int64.self)
    let digest = try header.digest("digest")
    let bodySize = try header.count("bodySize", atMost: size - Ledger.headerSize)
    let originalsSize = try header.count("originalsSize", atMost: size - Ledger.headerSize - bodySize)
    guard Ledger.headerSize + bodySize + originalsSize == size else { throw .damaged(field: "size", offset: 12) }
    let bodyEnd = Ledger.headerSize + bodySize
    guard SHA256Digest(of: Array(bytes[Ledger.headerSize..<bodyEnd])) == digest else {
      throw .damaged(field: "digest", offset: Ledger.digestOffset)
    }
    var body = LedgerReader(bytes, from: Ledger.headerSize, to: bodyEnd)
    var originals = LedgerReader(bytes, from: bodyEnd, to: size)
    let version = bytes.little(UInt32.self, at: Ledger.magic.count) ?? Ledger.currentVersion
    try self.init(
      version: version, state: state, activatedAt: activatedAt == 0 ? nil : activatedAt, &body, &originals)
    guard body.isAtEnd else { throw .damaged(field: "body", offset: body.position) }
    guard originals.isAtEnd else { throw .damaged(field: "originals", offset: originals.position) }
  }

  private init(
    version: UInt32, state: State, activatedAt: Int64?, _ reader: inout LedgerReader, _ originals: inout LedgerReader
  ) throws(DamagedLedger) {
    self.version = version
    self.state = state
    self.activatedAt = activatedAt
    id = try reader.digest("id")
    bit = try reader.count("bit", atMost: 63)
    name = try reader.text("name")
    description = try reader.flag("hasDescription") ? try reader.text("description") : nil
    fixes = []
    for _ in 0..<(try reader.count("fixes", atMost: 256)) { fixes.append(try reader.text("fix")) }
    let buildIDOffset = reader.position
    guard let buildID = BuildID(bytes: try reader.blob("buildID", 1...BuildID.maximumLength)) else {
      throw .damaged(field: "buildID", offset: buildIDOffset)
    }
    self.buildID = buildID
    loadBias = try reader.integer("loadBias")
    base = try reader.address("base")
    stateWord = try reader.address("stateWord")
    guard stateWord.value.isMultiple(of: 8) else { throw .damaged(field: "stateWord", offset: reader.position - 8) }
    unwind = try reader.flag("hasUnwind") ? try reader.range("unwind") : nil
    registration = nil
    if version >= 3, try reader.flag("hasRegistration") {
      let start = reader.position
      registration = LinkedRegistration(
        register: try reader.address("register"), deregister: try reader.address("deregister"),
        state: try reader.range("registration.state"))
      guard unwind != nil, registration?.state.lowerBound.value.isMultiple(of: 8) == true,
        registration.map({ UInt64($0.state.count) == UnwindRegistration.stateSize }) == true
      else { throw .damaged(field: "registration", offset: start) }
    }
    parts = []
    for _ in 0..<(try reader.count("parts", atMost: 64)) { parts.append(try Part(&reader)) }
    functions = []
    for _ in 0..<(try reader.count("functions", atMost: Ledger.maximumPlaces)) {
      functions.append(try Function(&reader, version: version))
    }
    values = []
    for _ in 0..<(try reader.count("values", atMost: Ledger.maximumPlaces)) {
      values.append(try Value(&reader, &originals))
    }
    guard mappedRange != nil else { throw .damaged(field: "parts", offset: Ledger.headerSize) }
  }
}

extension Ledger.Part {
  fileprivate init(_ reader: inout LedgerReader) throws(DamagedLedger) {
    offset = try reader.address("part.offset").value
    size = try reader.address("part.size").value
    let start = reader.position
    guard let protection = Protection(rawValue: try reader.integer("part.protection")) else {
      throw .damaged(field: "part.protection", offset: start)
    }
    self.protection = protection
    digest = try reader.flag("part.hasDigest") ? try reader.digest("part.digest") : nil
  }
}

extension Ledger.Function {
  fileprivate init(_ reader: inout LedgerReader, version: UInt32) throws(DamagedLedger) {
    symbol = try reader.text("function.symbol")
    range = try reader.range("function.range")
    let start = reader.position
    place = try reader.address("function.place")
    guard place >= range.lowerBound, place.value - range.lowerBound.value <= 16 else {
      throw .damaged(field: "function.place", offset: start)
    }
    original = try reader.blob("function.original", 5...15)
    let directOffset = reader.position
    direct = try reader.blob("function.direct", 5...15)
    guard direct.count <= original.count else { throw .damaged(field: "function.direct", offset: directOffset) }
    replacement = try reader.address("function.replacement")
    parts = []
    if version >= 2 {
      for _ in 0..<(try reader.count("function.parts", atMost: PatchLimits.parts)) {
        parts.append(try reader.range("function.part"))
      }
    }
    guard try reader.flag("function.hasGate") else {
      gate = nil
      return
    }
    let gateOffset = reader.position
    let gate = try Ledger.Gate(&reader)
    guard gate.branch.count <= original.count else { throw .damaged(field: "gate.branch", offset: gateOffset) }
    self.gate = gate
  }
}

extension Ledger.Gate {
  fileprivate init(_ reader: inout LedgerReader) throws(DamagedLedger) {
    branch = try reader.blob("gate.branch", 5...15)
    range = try reader.range("gate.range")
    let start = reader.position
    elseSlot = try reader.address("gate.elseSlot")
    guard elseSlot.value.isMultiple(of: 8) else { throw .damaged(field: "gate.elseSlot", offset: start) }
    moved = try reader.address("gate.moved")
    branchesToEntry = try reader.flag("gate.branchesToEntry")
    instructions = []
    for _ in 0..<(try reader.count("gate.instructions", atMost: 64)) {
      instructions.append(
        Ledger.MovedInstruction(
          original: try reader.address("instruction.original"), moved: try reader.address("instruction.moved")))
    }
  }
}

extension Ledger.Value {
  fileprivate init(_ reader: inout LedgerReader, _ originals: inout LedgerReader) throws(DamagedLedger) {
    symbol = try reader.text("value.symbol")
    address = try reader.address("value.address")
    new = try reader.blob("value.new", 1...Ledger.maximumValueSize)
    let start = reader.position
    expect = try reader.flag("value.hasExpect") ? try reader.blob("value.expect", 1...Ledger.maximumValueSize) : nil
    guard expect == nil || expect?.count == new.count else { throw .damaged(field: "value.expect", offset: start) }
    original = try originals.raw("value.original", count: new.count)
  }
}
