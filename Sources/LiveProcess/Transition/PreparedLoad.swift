internal import Patch

/// All that is to be written and mapped for one patch, computed before any thread stops.
struct PreparedLoad {
  /// With the state ``Ledger/State/loading``.
  let ledger: Ledger
  /// The whole mapping.
  let image: [UInt8]

  /// The memory file's name, as `/proc/PID/maps` shows it behind `memfd:`.
  var name: String { CarriedPatches.prefix + ledger.name }

  /// Where and what for.
  struct Place {
    var base: RemoteAddress
    var stateWord: RemoteAddress
    var bit: Int
    var bias: UInt64
    var form = BranchForm.near
  }

  /// The size of a patch's mapping, in bytes.
  static func size(of content: PatchContent) -> UInt64 {
    switch content {
    case .artifact(let artifact): PatchLinker(artifact, ledgerSize: ledgerSize(artifact)).layout.size
    case .values(let patch): pages(estimate(patch))
    }
  }

  /// Links an artifact for a place.
  static func artifact(
    _ artifact: PatchArtifact, at place: Place, imports: [RemoteAddress?]
  ) throws(SwitchRefusal) -> PreparedLoad {
    let linker = PatchLinker(artifact, ledgerSize: ledgerSize(artifact))
    let linked: LinkedImage
    do throws(LinkRefused) {
      linked = try linker.link(
        at: place.base, bias: place.bias, stateWord: place.stateWord, bit: place.bit, imports: imports,
        form: place.form)
    } catch {
      throw SwitchRefusal(
        patch: artifact.info.name, symbol: error.symbol.isEmpty ? nil : error.symbol, TransitionRefused.Reason(error))
    }
    let functions = linked.functions.map { Ledger.Function($0) }
    let parts = linker.layout.parts.map { part in
      let content = Array(linked.bytes[Int(part.offset)..<Int(part.offset + part.size)])
      let start = RemoteAddress(place.base.value + part.offset)
      // The ledger proves itself; data belongs to the patch once it runs.
      let isFixed = part.kind == .text || part.kind == .readOnly
      return Ledger.Part(
        offset: part.offset, size: part.size,
        protection: part.isExecutable ? .executable : part.isWritable ? .writable : .readOnly,
        digest: isFixed ? SHA256Digest(of: Ledger.withoutSlots(content, at: start, functions)) : nil)
    }
    let info = artifact.info
    let ledger = Ledger(
      id: artifact.id, state: .loading, bit: place.bit, activatedAt: nil, name: info.name,
      description: info.description, fixes: info.fixes, buildID: info.target.buildID, loadBias: place.bias,
      base: place.base, stateWord: place.stateWord, unwind: linked.unwind, registration: linked.registration,
      parts: parts,
      functions: functions, values: [])
    return try PreparedLoad(ledger, image: linked.bytes)
  }

  /// Lays out a patch of values: a ledger and nothing else.
  static func values(
    _ patch: ValuePatch, at place: Place, values: [Ledger.Value]
  ) throws(SwitchRefusal) -> PreparedLoad {
    let size = pages(estimate(patch))
    let ledger = Ledger(
      id: patch.id, state: .loading, bit: place.bit, activatedAt: nil, name: patch.name, description: nil, fixes: [],
      buildID: patch.buildID, loadBias: place.bias, base: place.base, stateWord: place.stateWord,
      parts: [Ledger.Part(offset: 0, size: size, protection: .readOnly, digest: nil)], functions: [], values: values)
    return try PreparedLoad(ledger, image: [UInt8](repeating: 0, count: Int(size)))
  }

  private init(_ ledger: Ledger, image: [UInt8]) throws(SwitchRefusal) {
    let encoded = ledger.encoded()
    guard let room = ledger.parts.first?.size, encoded.count <= Int(room), encoded.count <= Ledger.maximumSize else {
      throw SwitchRefusal(patch: ledger.name, .unsupported("its ledger does not fit its place"))
    }
    self.ledger = ledger
    self.image = encoded + image.dropFirst(encoded.count)
  }

  // MARK: How large a ledger can become

  /// Room for an artifact's ledger, before there are addresses; every text and table counted with its longest form.
  private static func ledgerSize(_ artifact: PatchArtifact) -> UInt64 {
    let info = artifact.info
    var size = fixedSize + info.name.utf8.count + (info.description?.utf8.count ?? 0)
    size += info.fixes.reduce(0) { $0 + 4 + $1.utf8.count }
    for function in info.functions {
      size += 256 + function.symbol.utf8.count
      size += 16 * (function.parts?.count ?? 0)
      if case .moved(_, let instructions, _) = function.entry.gate {
        size += 16 * max(instructions.count, function.entry.far?.instructions.count ?? 0)
      }
    }
    return UInt64(size)
  }

  private static func estimate(_ patch: ValuePatch) -> UInt64 {
    UInt64(
      patch.values.reduce(fixedSize + patch.name.utf8.count) { size, value in
        size + 64 + value.symbol.utf8.count + 2 * value.set.count + (value.expect?.count ?? 0)
      })
  }

  /// Header, digests, build-id, addresses and the parts.
  private static let fixedSize = Ledger.headerSize + 1024

  private static func pages(_ size: UInt64) -> UInt64 { (size + 4095) & ~4095 }
}

extension Ledger.Function {
  /// What the linker says of a function, as the ledger keeps it.
  init(_ linked: LinkedFunction) {
    var gate: Ledger.Gate?
    if let branch = linked.gateBranch, let start = linked.gate, let slot = linked.elseSlot, let moved = linked.moved {
      gate = Ledger.Gate(
        branch: branch, range: start..<RemoteAddress(start.value + X86_64Gate.length), elseSlot: slot, moved: moved,
        instructions: linked.movedInstructions.map {
          Ledger.MovedInstruction(original: $0.original, moved: $0.moved)
        }, branchesToEntry: linked.branchesToEntry)
    }
    self.init(
      symbol: linked.symbol, range: linked.function, place: linked.place, original: linked.original,
      direct: linked.directBranch, replacement: linked.replacement, parts: linked.parts, gate: gate)
  }
}
