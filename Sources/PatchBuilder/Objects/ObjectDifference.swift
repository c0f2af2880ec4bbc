internal import CElf
internal import Patch

/// What changed between two compilations of one file, each function and variable in a section of its own.
struct ObjectDifference {
  /// Why a function is replaced.
  enum Cause: Equatable {
    /// Its own code, or what it refers to.
    case code
    /// A constant table of the file that it reads.
    case constant(String)
    /// A static function that it calls, and that cannot be replaced itself.
    case callee(String)
  }

  /// Functions of both compilations whose code differs, by their name in the new one.
  private(set) var changed: [String: Cause] = [:]
  /// Functions and variables that only the new compilation has.
  private(set) var added: Set<String> = []
  /// Constant tables that are brought along, because their content differs.
  private(set) var constants: Set<String> = []
  /// For each static variable of a function that has another number now, its name in the old compilation.
  private(set) var oldNames: [String: String] = [:]
  private(set) var refusals: [BuildRefusal] = []

  private var oldTargets: ReferenceTargets
  private var newTargets: ReferenceTargets
  private var old: RelocatableObject { oldTargets.object }
  private var new: RelocatableObject { newTargets.object }
  /// What is known of pairs of sections; one that is being compared counts as the same.
  private var known: [Pair: Bool] = [:]

  private struct Pair: Hashable {
    let old: Int
    let new: Int
  }

  /// - Parameters:
  ///   - old: the file as the target was built from it.
  ///   - new: the file with the change.
  ///   - place: the source file, for refusals.
  init(from old: RelocatableObject, to new: RelocatableObject, place: String) {
    oldTargets = ReferenceTargets(old)
    newTargets = ReferenceTargets(new)
    let before = ObjectDifference.variables(oldTargets)
    let now = ObjectDifference.variables(newTargets)
    matchStaticVariables(before, now, place)
    compareData(before, now, place)
    compareFunctions(place)
    compareArrays(place)
  }

  // MARK: Names

  private static func byName(_ object: RelocatableObject, _ isWanted: (ElfSymbol) -> Bool) -> [String: Int] {
    var found: [String: Int] = [:]
    for (index, symbol) in object.symbols.enumerated() where symbol.isDefined && isWanted(symbol) {
      found[symbol.name] = index
    }
    return found
  }

  private static func variables(_ targets: ReferenceTargets) -> [String: Int] {
    byName(targets.object) { symbol in
      guard symbol.hasName, [.object, .threadLocal, .common].contains(symbol.type) else { return false }
      if case .section = symbol.place, targets.object.section(of: symbol) == nil { return false }
      return !targets.isConstantOfFunction(symbol.index)
    }
  }

  /// Static variables of functions are numbered through the file: those of one name are the same in their order, as long as
  /// there are as many as before.
  private mutating func matchStaticVariables(_ before: [String: Int], _ now: [String: Int], _ place: String) {
    func groups(_ variables: [String: Int], _ object: RelocatableObject) -> [String: [ElfSymbol]] {
      let local = variables.values.sorted().map { object.symbols[$0] }.filter { $0.binding == .local }
      return Dictionary(grouping: local) { RelocatableObject.staticLocal($0.name) ?? "" }
    }
    let earlier = groups(before, old)
    for (name, variables) in groups(now, new) where !name.isEmpty {
      guard let others = earlier[name] else { continue }
      guard others.count == variables.count, zip(others, variables).allSatisfy({ $0.size == $1.size }) else {
        refusals.append(
          BuildRefusal(place: place, symbol: name, reason: .staticVariables(before: others.count, now: variables.count))
        )
        continue
      }
      for (other, variable) in zip(others, variables) where other.name != variable.name {
        oldNames[variable.name] = other.name
      }
    }
  }

  private func oldName(_ name: String) -> String { oldNames[name] ?? name }

  // MARK: Data

  private mutating func compareData(_ before: [String: Int], _ now: [String: Int], _ place: String) {
    for (name, index) in now.sorted(by: { $0.key < $1.key }) {
      let symbol = new.symbols[index]
      guard let oldIndex = before[oldName(name)] else {
        if symbol.type == .threadLocal {
          refusals.append(BuildRefusal(place: place, symbol: name, reason: .definesThreadLocal))
        }
        added.insert(name)
        continue
      }
      let other = old.symbols[oldIndex]
      guard symbol.size == other.size, symbol.type == other.type else {
        refusals.append(
          BuildRefusal(place: place, symbol: name, reason: .variableResized(before: other.size, now: symbol.size)))
        continue
      }
      // Common symbols are zero, and have no section.
      guard old.section(of: other) != nil || new.section(of: symbol) != nil, !isSame(other, symbol) else { continue }
      if symbol.binding == .local, new.section(of: symbol)?.isWritable == false {
        constants.insert(name)
      } else {
        refusals.append(BuildRefusal(place: place, symbol: name, reason: .dataChanged))
      }
    }
  }

  /// Code that runs when a program starts has run already.
  private mutating func compareArrays(_ place: String) {
    func arrays(_ object: RelocatableObject) -> [(name: String, index: Int)] {
      object.sections.compactMap { section in
        guard let header = section?.header,
          [UInt32(SHT_INIT_ARRAY), UInt32(SHT_FINI_ARRAY), UInt32(SHT_PREINIT_ARRAY)].contains(header.type)
            || header.name.hasPrefix(".ctors") || header.name.hasPrefix(".dtors")
        else { return nil }
        return (header.name, header.index)
      }
    }
    let before = arrays(old)
    let now = arrays(new)
    let startsTheSame =
      before.count == now.count
      && zip(before, now).allSatisfy { $0.name == $1.name && self.isSame($0.index, $1.index, nil, nil) }
    if !startsTheSame {
      refusals.append(
        BuildRefusal(place: place, reason: .definesConstructor(section: now.first?.name ?? before.first?.name ?? "")))
    }
    for (name, index) in now {
      for reference in new.sections[index]?.references ?? [] {
        guard case .named(let function, _) = newTargets.target(of: reference, in: index), changed[function] != nil
        else {
          continue
        }
        refusals.append(BuildRefusal(place: place, symbol: function, reason: .definesConstructor(section: name)))
      }
    }
  }

  // MARK: Functions

  private mutating func compareFunctions(_ place: String) {
    let isCode: (ElfSymbol) -> Bool = { [.function, .indirectFunction].contains($0.type) }
    let before = ObjectDifference.byName(old, isCode)
    for (name, index) in ObjectDifference.byName(new, isCode).sorted(by: { $0.key < $1.key }) {
      guard let parent = RelocatableObject.parent(of: name) else {
        compare(name, index, before[name], place)
        continue
      }
      // A part changes with its function; one that is new has changed the function that jumps to it.
      if let other = before[name], !isSame(old.symbols[other], new.symbols[index]) { changed[parent] = .code }
    }
    replaceReaders(of: constants, place)
  }

  /// Replaces the functions that read constant tables; what else points to one would lead new code to the old table.
  private mutating func replaceReaders(of constants: Set<String>, _ place: String) {
    guard !constants.isEmpty else { return }
    for case let section? in new.sections where !section.isUnwind {
      for reference in section.references {
        guard case .named(let table, _) = newTargets.target(of: reference, in: section.header.index),
          constants.contains(table)
        else { continue }
        guard section.isCode, let holder = section.symbols.first.map({ new.symbols[$0].name }) else {
          refusals.append(BuildRefusal(place: place, symbol: table, reason: .dataChanged))
          continue
        }
        let name = RelocatableObject.parent(of: holder) ?? holder
        if changed[name] == nil && !added.contains(name) { changed[name] = .constant(table) }
      }
    }
  }

  private mutating func compare(_ name: String, _ index: Int, _ oldIndex: Int?, _ place: String) {
    let symbol = new.symbols[index]
    guard let oldIndex else {
      added.insert(name)
      return
    }
    guard !isSame(old.symbols[oldIndex], symbol) else { return }
    if symbol.type == .indirectFunction {
      refusals.append(BuildRefusal(place: place, symbol: name, reason: .resolverChanged))
    } else if let header = new.section(of: symbol)?.header, header.flags & UInt64(SHF_GROUP) != 0 {
      refusals.append(BuildRefusal(place: place, symbol: name, reason: .sharedCode))
    } else {
      changed[name] = .code
    }
  }

  // MARK: Callers

  /// Replaces those who call a changed function in its place, and brings it along.
  ///
  /// - Returns: false where the function may have other callers than those of its file, or something else than a call refers to it.
  mutating func replaceCallers(of name: String) -> Bool {
    guard let callers = callers(of: name, in: new, &newTargets), callers != [name],
      self.callers(of: name, in: old, &oldTargets) != nil
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
    var found: Set<String> = []
    for case let section? in object.sections where !section.isUnwind {
      for reference in section.references {
        guard case .named(name, _) = targets.target(of: reference, in: section.header.index),
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

  // MARK: Comparing

  private func extent(_ symbol: ElfSymbol) -> Range<Int> {
    Int(clamping: symbol.value)..<Int(clamping: symbol.value &+ symbol.size)
  }

  private mutating func isSame(_ a: ElfSymbol, _ b: ElfSymbol) -> Bool {
    guard let one = old.section(of: a), let other = new.section(of: b), a.size == b.size, a.type == b.type else {
      return false
    }
    return isSame(one.header.index, other.header.index, extent(a), extent(b))
  }

  /// Whether two parts of sections hold the same and refer to the same; nil for the whole sections.
  private mutating func isSame(_ a: Int, _ b: Int, _ oldPart: Range<Int>?, _ newPart: Range<Int>?) -> Bool {
    guard let one = old.sections[a], let other = new.sections[b], one.header.type == other.header.type,
      one.header.flags == other.header.flags
    else { return false }
    let oldPart = oldPart ?? 0..<Int(clamping: one.header.size)
    let newPart = newPart ?? 0..<Int(clamping: other.header.size)
    guard oldPart.count == newPart.count else { return false }
    if one.header.type != UInt32(SHT_NOBITS) {
      guard oldPart.upperBound <= one.content.count, newPart.upperBound <= other.content.count,
        one.content[oldPart] == other.content[newPart]
      else { return false }
    }
    let before = one.references.filter { oldPart.contains($0.offset) }
    let now = other.references.filter { newPart.contains($0.offset) }
    guard before.count == now.count else { return false }
    for (x, y) in zip(before, now) {
      guard x.offset - oldPart.lowerBound == y.offset - newPart.lowerBound, x.type == y.type,
        isSame(oldTargets.target(of: x, in: a), newTargets.target(of: y, in: b))
      else { return false }
    }
    return true
  }

  private mutating func isSame(_ a: ReferenceTargets.Target, _ b: ReferenceTargets.Target) -> Bool {
    switch (a, b) {
    case (.unnamed(let one, let x), .unnamed(let other, let y)):
      let pair = Pair(old: one, new: other)
      if known[pair] == nil {
        known[pair] = true
        known[pair] = isSame(one, other, nil, nil)
      }
      return x == y && known[pair] == true
    case (.named(let one, let x), .named(let other, let y)): return x == y && one == oldName(other)
    default: return a == b
    }
  }
}
