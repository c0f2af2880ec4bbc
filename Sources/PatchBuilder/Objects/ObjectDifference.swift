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
  var changed: [String: Cause] = [:]
  /// Functions and variables that only the new compilation has.
  var added: Set<String> = []
  /// Functions for other files that only the old compilation has: no difference, as long as nobody calls them.
  var removed: Set<String> = []
  /// Constant tables that are brought along, because they or what they point to differ.
  var constants: Set<String> = []
  /// For each static variable of a function that has another number now, its name in the old compilation.
  private(set) var oldNames: [String: String] = [:]
  /// For each constant of a function that the old compilation has too, its name there, and its content.
  private(set) var sharedConstants: [String: (name: String, content: [UInt8])] = [:]
  private(set) var refusals: [BuildRefusal] = []

  var oldTargets: ReferenceTargets
  var newTargets: ReferenceTargets
  var old: RelocatableObject { oldTargets.object }
  var new: RelocatableObject { newTargets.object }
  private let place: String
  /// The tables of exception handlers of each section of code, in both compilations.
  private let oldHandlers: [Int: [Int]]
  private let newHandlers: [Int: [Int]]
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
    self.place = place
    oldHandlers = old.handlerTables()
    newHandlers = new.handlerTables()
    let before = ObjectDifference.variables(oldTargets)
    let now = ObjectDifference.variables(newTargets)
    matchStaticVariables(before, now)
    matchConstants()
    compareData(before, now)
    compareSections()
    compareDefinitions()
    compareFunctions()
    replaceReaders()
    partNamesakes()
    refuseLabels()
    refuseRenumbered()
    refuseCoroutines()
    compareArrays()
  }

  mutating func refuse(_ symbol: String?, _ reason: BuildRefusal.Reason) {
    let refusal = BuildRefusal(place: place, symbol: symbol, reason: reason)
    if !refusals.contains(refusal) { refusals.append(refusal) }
  }

  // MARK: Names

  private static func byName(_ object: RelocatableObject, _ isWanted: (ElfSymbol) -> Bool) -> [String: Int] {
    var found: [String: Int] = [:]
    for (index, symbol) in object.symbols.enumerated() where symbol.isDefined && isWanted(symbol) {
      found[symbol.name] = index
    }
    return found
  }

  /// The variables that live in a process, by name.
  static func variables(_ targets: ReferenceTargets) -> [String: Int] {
    byName(targets.object) { symbol in
      guard symbol.hasName, [.object, .threadLocal, .common].contains(symbol.type) else { return false }
      if case .section = symbol.place, targets.object.section(of: symbol) == nil { return false }
      return !targets.isConstantOfFunction(symbol.index) && !targets.isTableOfFunction(symbol.index)
    }
  }

  /// Static variables of functions are numbered through the file: those of one name are the same in their order, as long as
  /// there are as many as before. (That their functions have kept their order is for ``TypeLayouts`` to see.)
  private mutating func matchStaticVariables(_ before: [String: Int], _ now: [String: Int]) {
    func groups(_ variables: [String: Int], _ object: RelocatableObject) -> [String: [ElfSymbol]] {
      let local = variables.values.map { object.symbols[$0] }.filter { $0.binding == .local }
        .sorted { RelocatableObject.isBefore($0.name, $1.name) }
      return Dictionary(grouping: local) { RelocatableObject.staticLocal($0.name) ?? "" }
    }
    let earlier = groups(before, old)
    for (name, variables) in groups(now, new) where !name.isEmpty {
      guard let others = earlier[name] else { continue }
      guard others.count == variables.count, zip(others, variables).allSatisfy({ $0.size == $1.size }) else {
        refuse(name, .staticVariables(before: others.count, now: variables.count))
        continue
      }
      for (other, variable) in zip(others, variables) where other.name != variable.name {
        oldNames[variable.name] = other.name
      }
    }
  }

  func oldName(_ name: String) -> String { oldNames[name] ?? name }

  /// Constants of functions are told by their content; one that was there before stays where it is, so that its address is the
  /// same in old and in new code.
  private mutating func matchConstants() {
    struct Content: Hashable {
      let name: String?
      let bytes: [UInt8]
    }
    func constants(_ targets: ReferenceTargets) -> [Content: [String]] {
      let all = targets.object.symbols.filter { targets.isConstantOfFunction($0.index) }
      return Dictionary(grouping: all) {
        Content(name: RelocatableObject.staticLocal($0.name), bytes: targets.content(of: $0.index))
      }.mapValues { $0.map(\.name) }
    }
    let before = constants(oldTargets)
    for (content, names) in constants(newTargets) {
      guard let others = before[content], others.count == 1 else { continue }
      for name in names { sharedConstants[name] = (others[0], content.bytes) }
    }
  }

  // MARK: Functions

  private mutating func compareFunctions() {
    let isCode: (ElfSymbol) -> Bool = { [.function, .indirectFunction].contains($0.type) }
    let before = ObjectDifference.byName(old, isCode)
    for (name, index) in ObjectDifference.byName(new, isCode).sorted(by: { $0.key < $1.key }) {
      guard let parent = RelocatableObject.parent(of: name) else {
        compare(name, index, before[name])
        continue
      }
      // A part changes with its function; one that is new has changed the function that jumps to it.
      if let other = before[name], !isSameFunction(old.symbols[other], new.symbols[index]) { changed[parent] = .code }
    }
  }

  private mutating func compare(_ name: String, _ index: Int, _ oldIndex: Int?) {
    let symbol = new.symbols[index]
    guard let oldIndex else {
      if symbol.type == .indirectFunction { refuse(name, .resolverChanged) }
      added.insert(name)
      return
    }
    guard !isSameFunction(old.symbols[oldIndex], symbol) else { return }
    if symbol.type == .indirectFunction {
      refuse(name, .resolverChanged)
    } else {
      changed[name] = .code
    }
  }

  // MARK: Comparing

  private func extent(_ symbol: ElfSymbol) -> Range<Int> {
    Int(clamping: symbol.value)..<Int(clamping: symbol.value &+ symbol.size)
  }

  /// Whether two functions are the same: which exceptions they catch stands beside their code.
  private mutating func isSameFunction(_ a: ElfSymbol, _ b: ElfSymbol) -> Bool {
    guard isSame(a, b), let one = old.section(of: a), let other = new.section(of: b) else { return false }
    let before = oldHandlers[one.header.index] ?? []
    let now = newHandlers[other.header.index] ?? []
    return before.count == now.count && zip(before, now).allSatisfy { isSame($0, $1, nil, nil) }
  }

  mutating func isSame(_ a: ElfSymbol, _ b: ElfSymbol) -> Bool {
    guard let one = old.section(of: a), let other = new.section(of: b), a.size == b.size, a.type == b.type else {
      return false
    }
    // Code may branch to other code of its section without a reference, and an assembler's symbol may have no size.
    if one.isCode || a.size == 0 { return a.value == b.value && isSame(one.header.index, other.header.index, nil, nil) }
    return isSame(one.header.index, other.header.index, extent(a), extent(b))
  }

  /// Whether two parts of sections hold the same and refer to the same; nil for the whole sections.
  mutating func isSame(_ a: Int, _ b: Int, _ oldPart: Range<Int>?, _ newPart: Range<Int>?) -> Bool {
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
        // What was found to be the same on that assumption need not be.
        if !isSame(one, other, nil, nil) { known = known.filter { !$0.value }.merging([pair: false]) { $1 } }
      }
      return x == y && known[pair] == true
    case (.named(let one, let x), .named(let other, let y)): return x == y && one == oldName(other)
    default: return a == b
    }
  }
}
