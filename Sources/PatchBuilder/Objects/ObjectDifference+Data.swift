internal import CElf
internal import Patch

extension ObjectDifference {
  /// Compares the variables that live in the process.
  mutating func compareData(_ before: [String: Int], _ now: [String: Int]) {
    for (name, index) in now.sorted(by: { $0.key < $1.key }) {
      let symbol = new.symbols[index]
      if symbol.isOfCompiler { continue }
      guard let oldIndex = before[oldName(name)] else {
        add(name, symbol, instead: before.filter { place in !now.keys.contains { oldName($0) == place.key } })
        continue
      }
      let other = old.symbols[oldIndex]
      let section = new.section(of: symbol)
      let isConstant = symbol.binding == .local && section?.isWritable == false
      // A table of constants may grow: it comes along with all that reads it.
      let mayGrow = isConstant && old.section(of: other)?.isWritable == false
      guard symbol.size == other.size || mayGrow, symbol.type == other.type else {
        refuse(name, .variableResized(before: other.size, now: symbol.size))
        continue
      }
      compareNamesakes(name, oldIndex, index, before, now)
      // Common symbols are zero, and have no section.
      guard old.section(of: other) != nil || section != nil else { continue }
      if !isSame(other, symbol) {
        if isConstant {
          constants.insert(name)
        } else {
          refuse(name, .dataChanged)
        }
      } else if let alignment = section?.header.alignment, let before = old.section(of: other)?.header.alignment,
        alignment > before
      {
        refuse(name, .alignmentRaised(before: before, now: alignment))
      }
    }
  }

  /// Takes note of a variable that only the new compilation has.
  ///
  /// `gone`: those that only the old one has.
  private mutating func add(_ name: String, _ symbol: ElfSymbol, instead gone: [String: Int]) {
    added.insert(name)
    if symbol.type == .threadLocal { refuse(name, .definesThreadLocal) }
    let section = new.section(of: symbol)
    guard section?.isWritable ?? true else { return }
    // Renamed, moved out of its function, or split up by the compiler: what it has become in the process would be lost.
    for (other, index) in gone.sorted(by: { $0.key < $1.key }) {
      let lost = old.symbols[index]
      guard old.section(of: lost)?.isWritable ?? true else { continue }
      if lost.size == symbol.size || RelocatableObject.plainName(other) == RelocatableObject.plainName(name) {
        refuse(name, .variableReplaced(other))
        return
      }
    }
  }

  /// A place with several names keeps them: another variable is another place.
  private mutating func compareNamesakes(
    _ name: String, _ oldIndex: Int, _ index: Int, _ before: [String: Int], _ now: [String: Int]
  ) {
    let others = Set(old.namesakes(of: oldIndex).filter { name in now.keys.contains { oldName($0) == name } })
    let names = Set(new.namesakes(of: index).map { oldName($0) }.filter { before[$0] != nil })
    guard others != names else { return }
    refuse(name, .placeShared(with: others.symmetricDifference(names).sorted()))
  }

  /// Compares the sections whose content is found by other means than by a name that the compiler gave it: the sets that the
  /// linker puts together (`__start_SECTION`), and what assembly code defines without a type or without any symbol.
  mutating func compareSections() {
    func sections(_ object: RelocatableObject) -> [String: [Int]] {
      // Tables of handlers, which clang names, belong to their functions.
      let wanted = object.sections.compactMap { $0 }.filter { !$0.isOfHandlers }.filter { section in
        !section.header.name.hasPrefix(".") && !section.isCode
          || section.symbols.contains { object.symbols[$0].type == .none && object.symbols[$0].hasName }
          || section.symbols.isEmpty && section.header.size > 0 && !section.isMerged && !section.isOfCompiler
      }
      return Dictionary(grouping: wanted) { $0.header.name }.mapValues { $0.map(\.header.index) }
    }
    let before = sections(old)
    let now = sections(new)
    for name in Set(before.keys).union(now.keys).sorted() {
      let (others, own) = (before[name] ?? [], now[name] ?? [])
      if others.count != own.count || !zip(others, own).allSatisfy({ isSame($0, $1, nil, nil) }) {
        refuse(name, .sectionChanged)
      }
    }
  }

  /// What another file defines now, or defined before, is in the process already, and used from where it is.
  mutating func compareDefinitions() {
    func definitions(_ object: RelocatableObject) -> Set<String> {
      Set(
        object.symbols.filter { symbol in
          symbol.isDefined && symbol.hasName && [.global, .weak].contains(symbol.binding)
            && object.section(of: symbol)?.isInGroup != true
        }.map(\.name))
    }
    let functions = Set(old.symbols.filter { $0.type == .function }.map(\.name))
    var gone = definitions(old).subtracting(new.symbols.filter(\.isDefined).map(\.name))
    removed = gone.intersection(functions).subtracting(new.symbols.needed)
    gone.subtract(removed)
    for name in gone.union(definitions(new).intersection(old.symbols.needed)).sorted() {
      refuse(name, .definitionMoved)
    }
  }

  /// Code that runs when a program starts has run already.
  mutating func compareArrays() {
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
      refuse(nil, .definesConstructor(section: now.first?.name ?? before.first?.name ?? ""))
    }
    // What runs at the end is called where it was, and finds the new code there.
    for (name, index) in now where !name.hasPrefix(".fini_array") && !name.hasPrefix(".dtors") {
      for reference in new.sections[index]?.references ?? [] {
        guard case .named(let function, _) = newTargets.target(of: reference, in: index), changed[function] != nil
        else { continue }
        refuse(function, .definesConstructor(section: name))
      }
    }
  }
}
