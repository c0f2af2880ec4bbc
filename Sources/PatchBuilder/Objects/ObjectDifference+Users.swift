internal import Patch

/// Who uses something that changes.
extension ObjectDifference {
  /// Replaces the functions that read constant tables, and brings along the tables that point to such a table or into the middle
  /// of a replaced function; what else points there would lead to the old one.
  mutating func replaceReaders() {
    let tables = new.symbols.filter { constants.contains($0.name) }
    var taken = Set(tables.compactMap { new.section(of: $0)?.header.index })
    var known = -1
    while known != changed.count + taken.count {
      known = changed.count + taken.count
      for case let section? in new.sections where !section.isUnwind {
        for reference in section.references {
          guard let place = newTargets.place(of: reference, in: section.header.index),
            let name = place.symbol.map({ new.symbols[$0].name }) ?? new.sections[place.section]?.header.name,
            taken.contains(place.section) || !section.isCode && isInsideChanged(place)
          else { continue }
          replace(section, readerOf: name, place, &taken)
        }
      }
    }
  }

  /// Whether a place is in the middle of a function that is replaced: a label whose address was taken.
  private func isInsideChanged(_ place: ReferenceTargets.Place) -> Bool {
    guard let index = place.symbol, new.symbols[index].type == .function else { return false }
    let symbol = new.symbols[index]
    return place.offset != Int64(symbol.value)
      && changed[RelocatableObject.parent(of: symbol.name) ?? symbol.name] != nil
  }

  private mutating func replace(
    _ reader: RelocatableObject.Section, readerOf name: String, _ place: ReferenceTargets.Place, _ taken: inout Set<Int>
  ) {
    let holder = reader.symbols.first
    if reader.isCode, let holder {
      let symbol = new.symbols[holder]
      let function = RelocatableObject.parent(of: symbol.name) ?? symbol.name
      if changed[function] == nil && !added.contains(function) { changed[function] = .constant(name) }
    } else if !reader.isWritable, holder.map({ new.symbols[$0].binding == .local }) ?? true {
      // A table without a name, or of a function, comes with each function that reads it anyway.
      if taken.contains(place.section) || holder.map({ !newTargets.isTableOfFunction($0) }) ?? false {
        taken.insert(reader.header.index)
      }
      if let holder { constants.insert(new.symbols[holder].name) }
    } else {
      refuse(taken.contains(place.section) ? name : holder.map { new.symbols[$0].name } ?? name, .dataChanged)
    }
  }

  // MARK: Callers

  /// Replaces those who call a changed function in its place, and brings it along.
  ///
  /// - Returns: false where the function may have other callers than those of its file, or something else than a call refers to it.
  mutating func replaceCallers(of name: String) -> Bool {
    guard let callers = callers(of: name, in: new, &newTargets), callers != [name],
      self.callers(of: name, in: old, &oldTargets) != nil,
      callers.allSatisfy({ changed[$0] != nil || partedNames(of: $0).isEmpty }),
      !callers.contains(where: { oldTargets.takesLabels($0) || newTargets.takesLabels($0) })
    else { return false }
    changed[name] = nil
    added.insert(name)
    for caller in callers where caller != name && changed[caller] == nil && !added.contains(caller) {
      changed[caller] = .callee(name)
    }
    return true
  }

  /// The functions of a file that call one of its static functions; nil where that is not all that refers to it.
  private func callers(
    of name: String, in object: RelocatableObject, _ targets: inout ReferenceTargets
  ) -> Set<String>? {
    guard let index = object.function(named: name), object.symbols[index].binding == .local else { return nil }
    let names = object.namesakes(of: index)
    var found: Set<String> = []
    for case let section? in object.sections where !section.isUnwind {
      for reference in section.references {
        guard case .named(let target, _) = targets.target(of: reference, in: section.header.index),
          names.contains(target),
          targets.place(of: reference, in: section.header.index)?.section != section.header.index
        else { continue }
        guard section.isBranch(reference), let holder = section.symbols.first else {
          return nil
        }
        let caller = object.symbols[holder].name
        found.insert(RelocatableObject.parent(of: caller) ?? caller)
      }
    }
    return found
  }

  // MARK: Namesakes

  /// Functions that had one place (aliases, and what the compiler found to be identical) can be replaced together only: one that
  /// is to differ from the others is replaced where it is called.
  mutating func partNamesakes() {
    for name in changed.keys.sorted() {
      let parted = partedNames(of: name)
      guard !parted.isEmpty, !replaceCallers(of: name) else { continue }
      refuse(name, .placeShared(with: parted))
    }
  }

  /// The functions that had a function's place, and have another one now.
  private func partedNames(of name: String) -> [String] {
    guard let before = old.function(named: name), let now = new.function(named: name) else { return [] }
    return Set(old.namesakes(of: before)).subtracting(new.namesakes(of: now))
      .filter { new.function(named: $0) != nil }.sorted()
  }

  // MARK: Labels

  /// Refuses functions whose code takes the addresses of its own labels: what the process has kept of them would lead into the old
  /// code.
  mutating func refuseLabels() {
    for name in changed.keys.sorted() {
      if oldTargets.takesLabels(name) || newTargets.takesLabels(name) { refuse(name, .labelsTaken) }
    }
  }

  // MARK: Coroutines

  /// Refuses changed bodies of coroutines: a suspended one keeps the number of the place where it stopped, which may be another place
  /// now, and no stack shows that it is there.
  ///
  /// gcc calls them `NAME.actor` and `NAME.destroy`, clang `NAME.resume`, `NAME.destroy` and `NAME.cleanup`.
  mutating func refuseCoroutines() {
    for name in changed.keys.sorted()
    where [".actor", ".destroy", ".resume", ".cleanup"].contains(where: { name.hasSuffix($0) }) {
      refuse(name, .coroutineChanged)
    }
  }

  // MARK: Closures

  /// Refuses changed functions of closures where another closure may have got the number: function objects that live would run its
  /// code (Itanium C++ ABI, 5.1.8 "Closure Types (Lambdas)": closures of one scope and signature are numbered in their order).
  mutating func refuseRenumbered() {
    let families = { (object: RelocatableObject) in
      Dictionary(grouping: object.functions.map { object.symbols[$0].name }, by: { ObjectDifference.family(of: $0) })
    }
    let before = families(old)
    for case let (family?, names) in families(new).sorted(by: { ($0.key ?? "") < ($1.key ?? "") }) {
      let different = names.filter { changed[$0] != nil }.sorted()
      guard let first = different.first else { continue }
      // One that changes where the others stay what they were is the one that it was.
      if different.count > 1 || Set(names) != Set(before[family] ?? []) { refuse(first, .closuresNumbered) }
    }
  }

  /// The name of a closure's function without the closure's number; nil for all other functions.
  ///
  /// clang calls those that no other file can name `$_0`, `$_1` through the file.
  private static func family(of name: String) -> String? {
    guard name.hasPrefix("_Z"), ["Ul", "Ut", "$_"].contains(where: { name.contains($0) }) else { return nil }
    return name.replacing(/E[0-9]*_|Ut[0-9]*_|[0-9]\$_[0-9]+/, with: "_")
  }
}
