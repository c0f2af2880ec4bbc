internal import CElf
internal import Patch

/// One compilation before and after a change, and what is different in its code.
struct SourceComparison {
  let unit: TranslationUnit
  /// As the project compiles it, beside the binary.
  var match: BinaryMatch
  /// With the change; a section for each function.
  let new: RelocatableObject
  var difference: ObjectDifference
  fileprivate let layout: LayoutDifference?

  /// Compares everything that the change reaches and that is in the binary.
  ///
  /// `original`: the folder of the source as it was.
  /// `folder`: gets the objects.
  /// `usesOffsetTable`: as in ``TranslationUnit``.
  /// `progress`: is told what is being done, in a few words.
  /// - Throws: what stands against the change, or that nothing of the binary differs.
  static func make(
    _ baseline: Baseline, _ diff: SourceDiff, original: String, target: TargetImage, in folder: String,
    usesOffsetTable: Bool = false, progress: @Sendable (String) -> Void
  ) async throws(BuildRefused) -> [SourceComparison] {
    progress("looking for what the change reaches")
    var diff = diff
    try diff.findCopies(in: baseline.tree.copy, original: original)
    var units = try await baseline.units(touchedBy: diff, of: target, in: folder)
    for index in units.indices { units[index].usesOffsetTable = usesOffsetTable }
    guard !units.isEmpty else { throw BuildRefused(.nothingChanged, at: target.path) }
    progress("compiling \(units.count) file\(units.count == 1 ? "" : "s") before and after")
    let compiled = try await Compiled.all(units, baseline.tree, diff, original: original)
    guard !compiled.isEmpty else { throw BuildRefused(.nothingChanged, at: target.path) }
    var found: [SourceComparison] = []
    for part in compiled {
      var match = BinaryMatch(part.plain, in: target)
      // A file may be compiled for several programs, and several times.
      guard match.isInTarget() else { continue }
      found.append(
        SourceComparison(
          unit: part.unit, match: match, new: part.new, difference: part.difference, layout: part.layout))
    }
    guard !found.isEmpty else {
      // What differs is in other programs; the same files may be in this one, compiled so that they do not.
      for unit in units where !compiled.contains(where: { $0.unit.number == unit.number }) {
        var match = BinaryMatch(try RelocatableObject(path: try await unit.compile(nil)), in: target)
        if match.isInTarget() { throw BuildRefused(.nothingChanged, at: target.path) }
      }
      throw BuildRefused(compiled.map { BuildRefusal(place: $0.unit.name, reason: .compileNotSeen) })
    }
    var chosen = inBinary(found, diff)
    var refusals = followLinker(&chosen, target)
    let removes = chosen.contains { !$0.difference.removed.isEmpty }
    let used = removes ? usedElsewhere(compiled, in: baseline.tree, of: target) : []
    for part in chosen {
      refusals += part.difference.refusals
      // What is still called has another definition somewhere; and what is defined elsewhere, weakly perhaps, the program goes on
      // calling.
      let removed = part.difference.removed.filter { used?.contains($0) != false }
      let defined = part.difference.added.filter { name in
        part.new.definesForOthers(name) && target.symbols.all(named: name).contains(where: \.isForOthers)
      }
      for name in removed.union(defined).sorted() {
        refusals.append(BuildRefusal(place: part.unit.name, symbol: name, reason: .definitionMoved))
      }
      if let layout = part.layout {
        refusals.append(BuildRefusal(place: part.unit.name, symbol: layout.type, reason: .layoutChanged(layout.how)))
      }
    }
    guard refusals.isEmpty else { throw BuildRefused(refusals) }
    guard chosen.contains(where: { !$0.difference.changed.isEmpty }) else {
      throw BuildRefused(.nothingChanged, at: target.path)
    }
    // What a file adds may be what another one's changed functions refer to.
    return chosen.filter { !$0.difference.isEmpty }
  }

  /// Of several compilations of one file the one whose changed functions are all in the binary, and most of its others; the first
  /// where there is none, for the refusal.
  ///
  /// Projects compile a file once for a program and once for a library, or again for a test. Where two fit alike and the change makes
  /// different code of them, nothing says which one runs: that is refused. One whose changed functions lie elsewhere is in the binary
  /// beside it.
  private static func inBinary(_ parts: [SourceComparison], _ diff: SourceDiff) -> [SourceComparison] {
    var chosen: [SourceComparison] = []
    let source = { (part: SourceComparison) in diff.origin(of: part.unit.name) }
    for part in parts where !chosen.contains(where: { source($0) == source(part) }) {
      let candidates = parts.filter { source($0) == source(part) }
      guard candidates.count > 1 else {
        chosen.append(part)
        continue
      }
      let isProven = { (candidate: SourceComparison) in
        var match = candidate.match
        return candidate.difference.changed.keys.allSatisfy { match.difference(of: $0) == nil }
      }
      let fitting = candidates.filter(isProven)
      let known = fitting.map { candidate in
        var match = candidate.match
        return match.knownFunctions()
      }
      let best = zip(fitting, known).filter { $0.1 == known.max() }.map { $0.0 }
      var one = best.first ?? part
      for other in best.dropFirst() where !one.places.isDisjoint(with: other.places) {
        let difference = ObjectDifference(from: one.new, to: other.new, place: part.unit.name)
        guard difference.isEmpty else {
          one.difference.refuse(nil, .codeDiffers("it is compiled in several ways, and any could be the one that runs"))
          break
        }
      }
      chosen.append(one)
      var places = one.places
      for other in fitting where !other.places.isEmpty && places.isDisjoint(with: other.places) {
        chosen.append(other)
        places.formUnion(other.places)
      }
    }
    return chosen
  }

  /// Where the binary has the changed functions.
  private var places: Set<LinkAddress> {
    Set(difference.changed.keys.compactMap { match.place(ofFunction: $0)?.address })
  }

  /// What the program with the change takes from other files; nil where the build has not left all of its objects.
  private static func usedElsewhere(
    _ compiled: [Compiled], in tree: SourceTree, of target: TargetImage
  ) -> Set<String>? {
    func definitions(_ symbols: [ElfSymbol]) -> Set<String> {
      Set(symbols.filter { $0.isDefined && $0.binding != .local }.map(\.name))
    }
    var used = Set(compiled.flatMap { $0.new.symbols.needed })
    var sources: Set<String> = []
    // The objects that the change makes anew: known by their source's name, and by what they define.
    let old = Dictionary(grouping: compiled) { WholeFile.name(of: $0.unit.name) }.mapValues { parts in
      Set(parts.map { definitions($0.old.symbols) })
    }
    let files = Folder.files(below: tree.copy)
    for path in files {
      guard let file = try? ElfFile(path: path), file.type == UInt16(ET_REL), let symbols = try? file.symbols(.full)
      else { continue }
      let source = symbols.first { $0.type == .file }.map { WholeFile.name(of: $0.name) } ?? ""
      sources.insert(source)
      if old[source]?.contains(definitions(symbols)) != true { used.formUnion(symbols.needed) }
    }
    let present = Set(files.map { WholeFile.name(of: $0) })
    let inTarget = Set(target.symbols.files.map { WholeFile.name(of: $0) })
    return inTarget.intersection(present).isSubset(of: sources) ? used : nil
  }
}

/// The first type that the change lays out otherwise.
private struct LayoutDifference {
  let type: String
  let how: String

  /// Compares the types of a unit before and after; nil where none differs.
  init?(_ unit: TranslationUnit) async throws(BuildRefused) {
    let old = TypeLayouts(path: try await unit.debugInformation("old"))
    let new = TypeLayouts(path: try await unit.debugInformation("new"))
    guard let difference = old.difference(to: new) else { return nil }
    (type, how) = difference
  }
}

/// The objects of a compilation that the change makes different.
private struct Compiled {
  let unit: TranslationUnit
  /// As the project compiles it, before the change.
  let plain: RelocatableObject
  /// A section for each function: before the change, and with it.
  let old: RelocatableObject
  let new: RelocatableObject
  /// From before the change to with it, the line numbers as they were.
  let difference: ObjectDifference
  let layout: LayoutDifference?

  /// More than so many units are first compiled once as the project does: a header reaches many that it does not change.
  private static let manyUnits = 4

  /// Compiles units with and without the change; those that it leaves as they are are left out.
  static func all(
    _ units: [TranslationUnit], _ tree: SourceTree, _ diff: SourceDiff, original: String
  ) async throws(BuildRefused) -> [Compiled] {
    // The proof needs those that differ only; where there are few, waiting to know which takes longer than compiling all.
    let areFew = units.count <= manyUnits && tree.isAtHome
    // What is not changed need not wait for the change to be made, nor what is compared for what proves it.
    async let earlyPlain = areFew ? compiled(units, nil, tree) : nil
    async let earlyOld = areFew ? compiled(units, "old", tree) : nil
    let changed = try await tree.linked(as: "changed")
    try await diff.apply(to: changed.copy)
    var units = units
    if units.count > manyUnits {
      let isSame = try await Concurrent.map(units) { unit throws(BuildRefused) in try await unit.isSame(in: changed) }
      units = zip(units, isSame).filter { !$1 }.map { $0.0 }
    }
    let new = try await objects(units, "new", changed)
    let old = try await objects(units, "old", tree, early: await earlyOld)
    let differences = units.indices.map { ObjectDifference(from: old[$0], to: new[$0], place: units[$0].name) }
    let different = units.indices.filter { !differences[$0].isEmpty }
    guard !different.isEmpty else { return [] }
    let chosen = different.map { units[$0] }
    let restored = await withLinesRestored(chosen, different.map { differences[$0] }, changed, diff, original: original)
    var layouts: [LayoutDifference?] = []
    for unit in chosen { layouts.append(try await LayoutDifference(unit)) }
    let plain: [RelocatableObject]
    if let early = await earlyPlain {
      let all = try await objects(units, nil, tree, early: early)
      plain = different.map { all[$0] }
    } else {
      plain = try await objects(chosen, nil, tree)
    }
    return different.enumerated().map { position, index in
      let unit = units[index]
      let difference = restored.map { ObjectDifference(from: old[index], to: $0[position], place: unit.name) }
      return Compiled(
        unit: unit, plain: plain[position], old: old[index], new: new[index],
        difference: difference ?? differences[index], layout: layouts[position])
    }
  }

  /// Objects of units in one state of the source.
  ///
  /// `state`: as for ``TranslationUnit/compile(_:in:)``.
  /// `tree`: in that state.
  /// `early`: what has been made of them already.
  private static func objects(
    _ units: [TranslationUnit], _ state: String?, _ tree: SourceTree, early: Result<[String], BuildRefused>? = nil
  ) async throws(BuildRefused) -> [RelocatableObject] {
    let paths: [String]
    if let early { paths = try early.get() } else { paths = try await compiled(units, state, tree).get() }
    var objects: [RelocatableObject] = []
    for path in paths { objects.append(try RelocatableObject(path: path)) }
    return objects
  }

  /// The objects' paths, or why there are none.
  private static func compiled(
    _ units: [TranslationUnit], _ state: String?, _ tree: SourceTree
  ) async -> Result<[String], BuildRefused> {
    do throws(BuildRefused) {
      return .success(
        try await tree.seen { () async throws(BuildRefused) in
          try await Concurrent.map(units) { unit throws(BuildRefused) in try await unit.compile(state, in: tree) }
        })
    } catch {
      return .failure(error)
    }
  }

  /// The units with the change, but with the old line numbers, so that functions that merely moved are the same.
  ///
  /// `differences`: what the change makes different in them.
  /// - Returns: nil where no line has moved or all that differs has lines of the change, and where that does not compile: functions
  ///   that merely moved then count as changed, and more is replaced than must be.
  private static func withLinesRestored(
    _ units: [TranslationUnit], _ differences: [ObjectDifference], _ changed: SourceTree, _ diff: SourceDiff,
    original: String
  ) async -> [RelocatableObject]? {
    do throws(BuildRefused) {
      var lines: [String: [ClosedRange<Int>]] = [:]
      var texts: [String: [UInt8]] = [:]
      for file in diff.files {
        let path = "\(changed.copy)/\(file)"
        let old = "\(original)/\(diff.origin(of: file))"
        guard WholeFile.isRegular(path) == true, WholeFile.isRegular(old) == true else { continue }
        let hunks = try await BuildTool.run("sh", ["-c", "diff -U0 \"$1\" \"$2\"; [ $? -le 1 ]", "sh", old, path])
          .output
        let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
        let restored = LineNumbers.restored(in: text, hunks: hunks)
        lines[file] = LineNumbers.changed(hunks: hunks)
        if restored != text { texts[file] = Array(restored.utf8) }
      }
      guard !texts.isEmpty else { return nil }
      var isExplained = true
      for (unit, difference) in zip(units, differences) where isExplained {
        let functions = FunctionLines(path: try await unit.debugInformation("new"))
        isExplained = difference.isPlain && difference.functions.allSatisfy { functions.has($0, lines) }
      }
      if isExplained { return nil }
      let restored = try await changed.linked(as: "restored")
      for (file, text) in texts { try WholeFile.write(text, to: "\(restored.copy)/\(file)") }
      return try await objects(units, "unmoved", restored)
    } catch {
      return nil
    }
  }
}

extension ObjectDifference {
  /// Whether there are but functions that differ or are new.
  fileprivate var isPlain: Bool {
    refusals.isEmpty && removed.isEmpty && added.allSatisfy { new.function(named: $0) != nil }
  }
  fileprivate var functions: Set<String> { added.union(changed.keys) }

  /// Whether the change makes no difference to the file's code, and nothing stands against it.
  fileprivate var isEmpty: Bool { changed.isEmpty && refusals.isEmpty && added.isEmpty && removed.isEmpty }
}
