/// Makes a patch set of a checked document, and reports what does not go together within it.
struct DocumentReader {
  private(set) var report: FileReport

  /// What a document gave.
  struct Result {
    /// Everything that could be read.
    ///
    /// With an error in the document it is good for comparison with others only.
    var patchSet: PatchSet
    /// Whether there was no error.
    var isSound: Bool
    /// Where each of its builds is written.
    var buildRanges: [Range<Int>]
  }

  /// Reads a document; nil when it is not one of ours or has no `spec` to read.
  mutating func read(_ node: YAMLNode) -> Result? {
    let errorsBefore = report.diagnostics.count
    guard isOurs(node) else { return nil }
    var checker = ShapeChecker(report: report)
    var place = node.range
    if case .mapping(let members) = node.content, let first = members.first { place = first.keyRange }
    let checked = checker.check(
      node, .record(ManifestShape.document), ShapeChecker.Context(name: "a manifest", range: place))
    report = checker.report
    guard let checked, let spec = checked["spec"] else { return nil }

    var ranges: [Range<Int>] = []
    let builds = readBuilds(spec["builds"], ranges: &ranges)
    let patchSet = PatchSet(
      name: checked["metadata"]?["name"]?.text ?? "", description: checked["metadata"]?["description"]?.text,
      binary: spec["binary"]?.text ?? "", builds: builds,
      unknownBuilds: word(spec["unknownBuilds"]) ?? .report, processes: filter(spec["processes"]),
      policy: policy(spec["policy"], of: spec), declaredAt: report.source.sourceRange(place))
    return Result(
      patchSet: patchSet, isSound: report.diagnostics.count == errorsBefore && !report.isFull, buildRanges: ranges)
  }

  /// False, and reported, for a document of another kind or version: nothing else in it can be judged.
  private mutating func isOurs(_ node: YAMLNode) -> Bool {
    guard case .mapping(let members) = node.content else { return true }
    for (key, word) in [("apiVersion", ManifestShape.apiVersion), ("kind", ManifestShape.kind)] {
      guard let member = members.first(where: { $0.key == key }), case .scalar(let scalar) = member.value.content,
        scalar.meaning != .null, scalar.text != word
      else { continue }
      // A misspelt word is an error like others, and the rest is checked.
      if NearMiss.suggestion(for: scalar.text, among: [word]) != nil, !isVersion(scalar.text) { continue }
      report.error(
        .unknownVersion, at: member.value.range, "'\(key)' \(quoted(scalar.text)) is not known to this program",
        hint: "write '\(word)'; the rest of this document was not checked")
      return false
    }
    return true
  }

  /// Whether a text is our name with another number behind it.
  private func isVersion(_ text: String) -> Bool {
    text.hasPrefix("lpreconcile/v") && text != ManifestShape.apiVersion
  }

  // MARK: Builds and patches

  private mutating func readBuilds(_ list: CheckedValue?, ranges: inout [Range<Int>]) -> [PatchSet.Build] {
    var builds: [PatchSet.Build] = []
    var first: [String: Range<Int>] = [:]
    for element in list?.list ?? [] {
      let patches = readPatches(element["patches"])
      guard let id = element["buildId"], let buildID = id.text else { continue }
      if let other = first[buildID] {
        report.error(
          .buildTwice, at: id.range, "the build \(quoted(buildID)) is listed twice", hint: "join the two lists",
          notes: [(other, "it is here already")])
        continue
      }
      first[buildID] = id.range
      builds.append(
        PatchSet.Build(buildID: buildID, patches: patches, declaredAt: report.source.sourceRange(id.range)))
      ranges.append(id.range)
    }
    return builds
  }

  private mutating func readPatches(_ list: CheckedValue?) -> [PatchEntry] {
    var patches: [PatchEntry] = []
    var first: [String: Range<Int>] = [:]
    var places: [String: [PlacedChange]] = [:]
    var present = 0
    for element in list?.list ?? [] {
      let state: PatchState = word(element["state"]) ?? .active
      if state != .absent {
        present += 1
        if present == 65 {
          report.error(
            .tooManyPatches, at: element.range, "more than 64 patches of one build",
            hint: "join some into one cumulative artifact")
        }
      }
      let name = element["name"]
      if let name, let text = name.text {
        if let other = first[text] {
          report.error(
            .patchTwice, at: name.range, "two patches of this build are named \(quoted(text))", hint: "rename one",
            notes: [(other, "the other one is here")])
        }
        first[text] = first[text] ?? name.range
      }
      let changes = readValues(element["values"])
      checkOverlap(changes, among: places)
      if state == .active { for placed in changes { places[placed.change.symbol, default: []].append(placed) } }
      guard let content = content(of: element, changes) else { continue }
      patches.append(
        PatchEntry(
          name: name?.text ?? "", state: state, content: content,
          declaredAt: report.source.sourceRange(element.range)))
    }
    return patches
  }

  private func content(of patch: CheckedValue, _ changes: [PlacedChange]) -> PatchEntry.Content? {
    if patch["values"] != nil { return .values(changes.map(\.change)) }
    guard let artifact = patch["artifact"], let path = artifact.text, let sum = patch["sha256"], let sha256 = sum.text
    else { return nil }
    return .artifact(
      path: ManifestPath.resolve(path, against: report.source.path), sha256: sha256,
      pathAt: report.source.sourceRange(artifact.range), sha256At: report.source.sourceRange(sum.range))
  }

  // MARK: Values

  /// A change and where its symbol is written.
  private struct PlacedChange {
    var change: ValueChange
    var range: Range<Int>
  }

  private mutating func readValues(_ list: CheckedValue?) -> [PlacedChange] {
    var changes: [PlacedChange] = []
    var places: [String: [PlacedChange]] = [:]
    for element in list?.list ?? [] {
      guard let type: ValueType = word(element["type"]) else { continue }
      let set = encode(element["set"], type)
      let expect = encode(element["expect"], type)
      if let set, let expect, let at = element["expect"]?.range, set.count != expect.count {
        report.error(
          .lengthsDiffer, at: at, "'expect' has \(expect.count) bytes and 'set' has \(set.count)",
          notes: element["set"].map { [($0.range, "'set' is here")] } ?? [])
      }
      guard let set, let symbol = element["symbol"], let name = symbol.text else { continue }
      let change = ValueChange(
        symbol: name, offset: element["offset"]?.integer ?? 0, type: type, expect: expect, set: set,
        declaredAt: report.source.sourceRange(element.range))
      let placed = PlacedChange(change: change, range: symbol.range)
      checkOverlap([placed], among: places)
      places[name, default: []].append(placed)
      changes.append(placed)
    }
    return changes
  }

  private mutating func encode(_ value: CheckedValue?, _ type: ValueType) -> [UInt8]? {
    guard let value, let scalar = value.scalar else { return nil }
    do {
      return try type.encoded(scalar)
    } catch {
      report.error(error.code, at: value.range, error.message, hint: error.hint)
      return nil
    }
  }

  private mutating func checkOverlap(_ changes: [PlacedChange], among others: [String: [PlacedChange]]) {
    for placed in changes {
      let change = placed.change
      let other = others[change.symbol]?.first { other in
        other.change.offset < change.offset + UInt64(change.set.count)
          && change.offset < other.change.offset + UInt64(other.change.set.count)
      }
      guard let other else { continue }
      report.error(
        .valuesOverlap, at: placed.range, "the bytes of \(quoted(place(change))) are changed twice",
        notes: [(other.range, "\(quoted(place(other.change))) is changed here")])
    }
  }

  private func place(_ change: ValueChange) -> String {
    "\(change.symbol)+\(change.offset)"
  }

  // MARK: Filter and policy

  private func filter(_ value: CheckedValue?) -> PatchSet.ProcessFilter {
    func texts(_ key: String) -> [String]? { value?[key].map { $0.list.compactMap(\.text) } }
    return PatchSet.ProcessFilter(users: texts("users"), cgroups: texts("cgroups"), command: texts("command"))
  }

  private func policy(_ value: CheckedValue?, of spec: CheckedValue) -> PatchSet.Policy {
    let place = value?["retryFor"]?.range ?? value?.range ?? spec.range
    return PatchSet.Policy(
      maxStop: value?["maxStop"]?.duration ?? PatchSet.Policy.defaultMaxStop,
      consistency: word(value?["consistency"]) ?? .stackCheck,
      retryFor: value?["retryFor"]?.duration ?? PatchSet.Policy.defaultRetryFor,
      declaredAt: report.source.sourceRange(place))
  }

  private func word<T: RawRepresentable<String>>(_ value: CheckedValue?) -> T? {
    value?.text.flatMap { T(rawValue: $0) }
  }
}
