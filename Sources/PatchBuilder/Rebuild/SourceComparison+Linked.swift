internal import Patch

/// What the linker made of the files' definitions.
extension SourceComparison {
  /// Has what is defined in several files, of which the linker kept one (COMDAT: inline functions, templates, what belongs to classes),
  /// replaced once; takes what the binary has already as it is there; and brings what the linker has left out.
  ///
  /// - Returns: what stands against that: other libraries of a process may share what the binary exports.
  static func followLinker(_ parts: inout [SourceComparison], _ target: TargetImage) -> [BuildRefusal] {
    let exported = Set(target.dynamicSymbols.filter(\.isDefined).map(\.name))
    var refusals: [BuildRefusal] = []
    var owners: [String: Int] = [:]
    for index in parts.indices {
      let part = parts[index]
      for name in part.match.leftOut() where part.new.defines(name) {
        parts[index].difference.changed[name] = nil
        parts[index].difference.added.insert(name)
      }
      // The binary's own tables need not have them.
      for symbol in part.new.symbols
      where symbol.isOfCompiler && part.match.place(of: symbol, named: symbol.name) == nil {
        parts[index].difference.added.insert(symbol.name)
      }
      for (name, symbol) in part.inGroups(parts[index].difference.added) {
        if part.match.place(of: symbol, named: name) != nil {
          parts[index].difference.added.remove(name)
        } else if symbol.type == .object, !symbol.isOfCompiler, part.new.section(of: symbol)?.isWritable == true {
          refusals.append(BuildRefusal(place: part.unit.name, symbol: name, reason: .sharedCode))
        }
      }
      for (name, symbol) in part.inGroups(parts[index].difference.changed.keys) where symbol.binding != .local {
        var match = part.match
        if exported.contains(name) {
          refusals.append(BuildRefusal(place: part.unit.name, symbol: name, reason: .sharedCode))
        } else if let owner = owners[name] {
          // Whose code the binary has is the one that the linker took.
          let isBetter = match.difference(of: name) == nil && parts[owner].differs(name)
          parts[isBetter ? owner : index].difference.changed[name] = nil
          if isBetter { owners[name] = index }
        } else {
          owners[name] = index
        }
      }
    }
    return refusals
  }

  private func inGroups(_ names: some Sequence<String>) -> [(name: String, symbol: ElfSymbol)] {
    names.sorted().compactMap { name in new.symbolInGroup(named: name).map { (name, $0) } }
  }

  private func differs(_ name: String) -> Bool {
    var match = match
    return match.difference(of: name) != nil
  }
}
