internal import Patch

/// What is to be known about a process before a patch can be laid out for it.
struct LoadQuestion {
  private let process: ProcessID
  private let content: PatchContent

  init(_ target: borrowing TransitionTarget, _ content: PatchContent) {
    process = target.identity.pid
    self.content = content
  }

  private var buildID: BuildID {
    switch content {
    case .artifact(let artifact): artifact.info.target.buildID
    case .values(let patch): patch.buildID
    }
  }

  /// The build that the patch was made for, as the process has it mapped.
  func binary(_ target: borrowing TransitionTarget) throws(SwitchRefusal) -> MappedBinary {
    let binaries: [MappedBinary]
    do throws(ProcessUnreadable) {
      binaries = try MappedBinaries().read(process, map: target.map, memory: target.memory)
    } catch { throw SwitchRefusal(TransitionRefused.Reason(error)) }
    guard let binary = binaries.first(where: { $0.buildID == buildID }) else {
      throw SwitchRefusal(.buildNotMapped(buildID))
    }
    return binary
  }

  /// Links or lays out the patch for a place.
  func prepare(
    at place: PreparedLoad.Place, _ binary: MappedBinary, _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) -> PreparedLoad {
    switch content {
    case .artifact(let artifact):
      let imports = try imports(artifact, binary, target)
      let prepared = try PreparedLoad.artifact(artifact, at: place, imports: imports)
      try checkOriginals(artifact, prepared.ledger, target)
      return prepared
    case .values(let patch):
      return try PreparedLoad.values(patch, at: place, values: try values(patch, binary, target))
    }
  }

  // MARK: Functions

  private func imports(
    _ artifact: PatchArtifact, _ binary: MappedBinary, _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) -> [RemoteAddress?] {
    guard !artifact.info.imports.isEmpty else { return [] }
    do throws(TransitionRefused.Reason) {
      let resolver = try ImportResolver(for: binary, map: target.map, memory: target.memory)
      if artifact.registration != nil { try checkUnwinder(resolver, target) }
      return try resolver.resolve(artifact.info.imports, memory: target.memory)
    } catch {
      var symbol: String?
      if case .unresolvedImport(let name, _) = error { symbol = name }
      throw SwitchRefusal(patch: artifact.info.name, symbol: symbol, error)
    }
  }

  /// Refuses where what registers call-frame information is not in the library whose unwinder raises exceptions.
  private func checkUnwinder(
    _ resolver: ImportResolver, _ target: borrowing TransitionTarget
  ) throws(TransitionRefused.Reason) {
    var files: [Mapping.File?] = []
    for name in ["__register_frame_info", "__deregister_frame_info", "_Unwind_RaiseException"] {
      let wanted = ImportReference(name, version: "GCC_3.0", library: "libgcc_s.so.1", weak: false)
      let found = try resolver.resolve([wanted], memory: target.memory).first ?? nil
      files.append(found.flatMap { target.map.mapping(at: $0) }?.file)
    }
    guard let file = files[0], files.allSatisfy({ $0 == file }) else {
      throw .unsupported("an unwinder in several pieces: exceptions could not pass through the patch")
    }
  }

  /// Compares the whole of each function with what the patch was made against.
  ///
  /// Where another patch of ours has its branch, the bytes that its ledger saved stand for it.
  private func checkOriginals(
    _ artifact: PatchArtifact, _ ledger: Ledger, _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) {
    let sites: [PatchSite]
    // Overlapping places are refused here, before anything is loaded.
    sites = try PatchSite.all(of: target.carried.ledgers + [ledger])
    for (function, info) in zip(ledger.functions, artifact.info.functions) {
      guard let site = sites.first(where: { $0.address == function.place }) else { continue }
      let found = try target.read(site.original.count, at: site.address)
      if case .foreign = site.content(found, target.carried.ledgers + [ledger]) {
        throw foreign(ledger, function, expected: site.original, found: found, at: site.address)
      }
      var body = try target.read(function.range.count, at: function.range.lowerBound)
      for other in sites where other.address >= function.range.lowerBound && other.address < function.range.upperBound {
        let offset = Int(other.address.value - function.range.lowerBound.value)
        for (index, byte) in other.original.enumerated() where offset + index < body.count {
          body[offset + index] = byte
        }
      }
      guard SHA256Digest(of: body) == info.sha256 else {
        let start = function.range.lowerBound
        throw foreign(ledger, function, expected: info.sha256.bytes, found: SHA256Digest(of: body).bytes, at: start)
      }
    }
  }

  private func foreign(
    _ ledger: Ledger, _ function: Ledger.Function, expected: [UInt8], found: [UInt8], at address: RemoteAddress
  ) -> SwitchRefusal {
    SwitchRefusal(
      ledger, function,
      .foreignBytes(
        ObservedPatch.Drift(
          kind: .ofCode(found, expected: expected), symbol: function.symbol, address: address, expected: expected,
          found: found)))
  }

  // MARK: Values

  private func values(
    _ patch: ValuePatch, _ binary: MappedBinary, _ target: borrowing TransitionTarget
  ) throws(SwitchRefusal) -> [Ledger.Value] {
    let symbols = TargetVariables(of: binary, in: process, map: target.map)
    var values: [Ledger.Value] = []
    for value in patch.values {
      func refuse(_ why: String) -> SwitchRefusal {
        SwitchRefusal(patch: patch.name, symbol: value.symbol, .noSuchValue(why))
      }
      guard let variable = symbols.lookup(value.symbol) else { throw refuse("no symbol of this name") }
      let (end, overflow) = value.offset.addingReportingOverflow(UInt64(value.set.count))
      guard !overflow, end <= variable.size else {
        throw refuse(
          "it has \(variable.size) bytes, and the value reaches to byte \(value.offset) + \(value.set.count)")
      }
      guard let start = variable.address.loaded(bias: binary.loadBias)?.advanced(by: value.offset),
        let stop = start.advanced(by: UInt64(value.set.count))
      else { throw refuse("its address lies outside memory") }
      guard target.map.covers(start..<stop, with: [.read, .write]) else { throw refuse("its memory is read-only") }
      guard value.expect == nil || value.expect?.count == value.set.count else {
        throw refuse("the expected value and the new one differ in length")
      }
      values.append(
        Ledger.Value(
          symbol: value.symbol, address: start, new: value.set, original: try target.read(value.set.count, at: start),
          expect: value.expect))
    }
    return values
  }
}
