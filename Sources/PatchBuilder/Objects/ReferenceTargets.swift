internal import CElf
internal import Patch

/// What the references of an object lead to, in terms that mean the same in another compilation of the same file.
struct ReferenceTargets {
  /// What one reference leads to.
  enum Target: Hashable {
    /// A symbol that the object does not define.
    case external(String, Int64)
    /// A place in something that has a name.
    case named(String, Int64)
    /// A place in bytes that have no identity: a string without its zero byte, a constant, a read-only static variable of a
    /// function.
    case content([UInt8], Int64)
    /// A place in a section in which nothing has a name: a jump table, an initialiser.
    case unnamed(section: Int, Int64)
    /// No symbol: the linker's own tables.
    case number(Int64)
  }

  /// Where a reference leads within the object itself.
  struct Place: Equatable {
    var section: Int
    var offset: Int64
    /// Where that begins which the reference names: the place itself where it names a section only.
    var origin: Int64
    /// The symbol that names the place; nil where nothing does.
    var symbol: Int?
  }

  let object: RelocatableObject
  /// For each section of code, where the instruction that holds a byte ends; made when first asked for.
  private var ends: [Int: [Int]] = [:]

  init(_ object: RelocatableObject) { self.object = object }

  /// Where a reference leads; nil for a symbol that the object does not define.
  mutating func place(of reference: RelocatableObject.Reference, in section: Int) -> Place? {
    let symbol = object.symbols[reference.symbol]
    guard let target = object.section(of: symbol) else { return nil }
    let offset = Int64(bitPattern: symbol.value) &+ distance(reference, in: section)
    // In strings and constants without names a label counts, not what happens to stand before it.
    let origin = symbol.type == .section ? offset : Int64(bitPattern: symbol.value)
    // Of several names of a place the one that is written counts: another file may define that one, too (a weak alias).
    let isNamed = symbol.binding != .local && symbol.type != .section
    return Place(
      section: target.header.index, offset: offset, origin: origin,
      symbol: isNamed ? reference.symbol : owner(of: offset, in: target))
  }

  /// What a reference means.
  mutating func target(of reference: RelocatableObject.Reference, in section: Int) -> Target {
    let symbol = object.symbols[reference.symbol]
    guard let place = place(of: reference, in: section), let target = object.sections[place.section] else {
      let distance = distance(reference, in: section)
      if reference.symbol == 0 { return .number(distance) }
      return symbol.place == .common ? .named(symbol.name, distance) : .external(symbol.name, distance)
    }
    if target.isMerged, let entry = entry(of: place, in: target) {
      return .content(Array(target.content[entry]), place.offset - Int64(entry.lowerBound))
    }
    guard let index = place.symbol else { return .unnamed(section: place.section, place.offset) }
    let owner = object.symbols[index]
    let inner = place.offset - Int64(bitPattern: owner.value)
    if isConstantOfFunction(index) { return .content(content(of: index), inner) }
    if isTableOfFunction(index) { return .unnamed(section: place.section, inner) }
    return .named(owner.name, inner)
  }

  /// The bytes of the string or constant of a section that is merged that a place belongs to.
  func entry(of place: Place, in section: RelocatableObject.Section) -> Range<Int>? {
    guard let start = Int(exactly: place.origin), section.content.indices.contains(start) else { return nil }
    if section.holdsStrings {
      guard section.header.entrySize == 1, let end = section.content[start...].firstIndex(of: 0) else { return nil }
      return start..<end
    }
    let size = Int(clamping: section.header.entrySize)
    guard size > 0, start - start % size + size <= section.content.count else { return nil }
    return start..<(start - start % size + size)
  }

  /// A read-only static variable of a function that refers to nothing (`__func__.3`): its number may change, and nobody can
  /// write to it, so that its content is all it is.
  func isConstantOfFunction(_ index: Int) -> Bool {
    let symbol = object.symbols[index]
    guard let section = object.section(of: symbol) else { return false }
    return symbol.binding == .local && symbol.type == .object && !section.isWritable && section.references.isEmpty
      && symbol.size > 0 && symbol.value + symbol.size <= UInt64(section.content.count)
      && RelocatableObject.staticLocal(symbol.name) != nil
  }

  /// The bytes of something that has a symbol, and lies within its section.
  func content(of index: Int) -> [UInt8] {
    let symbol = object.symbols[index]
    guard let section = object.section(of: symbol) else { return [] }
    return Array(section.content[Int(symbol.value)..<Int(symbol.value + symbol.size)])
  }

  /// A read-only static variable of a function that refers to something (gcc's `CSWTCH.3` with strings): as above, and compared
  /// with all that it refers to.
  func isTableOfFunction(_ index: Int) -> Bool {
    let symbol = object.symbols[index]
    guard let section = object.section(of: symbol) else { return false }
    return symbol.binding == .local && symbol.type == .object && !section.isWritable && !section.references.isEmpty
      && section.symbols == [index] && RelocatableObject.staticLocal(symbol.name) != nil
  }

  /// The symbol that a place belongs to: the one whose extent holds it or ends there; before and behind all the one of a section
  /// that has no other.
  private func owner(of offset: Int64, in section: RelocatableObject.Section) -> Int? {
    let holding = section.symbols.first { index in
      let symbol = object.symbols[index]
      return offset >= Int64(symbol.value) && offset < Int64(symbol.value &+ symbol.size)
    }
    let ended = section.symbols.last { Int64(object.symbols[$0].value &+ object.symbols[$0].size) == offset }
    let isAlone = Set(section.symbols.map { object.symbols[$0].value }).count == 1
    return holding ?? ended ?? (isAlone ? section.symbols.first : nil)
  }

  /// The addend, for a reference relative to the instruction pointer counted from the end of its instruction.
  private mutating func distance(_ reference: RelocatableObject.Reference, in section: Int) -> Int64 {
    guard reference.type.isRelative, object.sections[section]?.isCode ?? false else { return reference.addend }
    return reference.addend &+ Int64(end(ofInstructionAt: reference.offset, in: section) - reference.offset)
  }

  /// Whether the code of a function, or a part of it, holds the address of a place inside the function (`&&label`).
  mutating func takesLabels(_ name: String) -> Bool {
    for (index, symbol) in object.symbols.enumerated() where symbol.type == .function && symbol.isDefined {
      guard (RelocatableObject.parent(of: symbol.name) ?? symbol.name) == name, let section = object.section(of: symbol)
      else { continue }
      for reference in section.references where !section.isBranch(reference) {
        guard let place = place(of: reference, in: section.header.index), let owner = place.symbol else { continue }
        let own = object.symbols[owner]
        let isOwn = own.type == .function && (RelocatableObject.parent(of: own.name) ?? own.name) == name
        if isOwn, place.offset != Int64(own.value) { return true }
      }
      if takesOwnAddress(index, section) { return true }
    }
    return false
  }

  /// The same within one section, where the assembler needs no reference.
  private func takesOwnAddress(_ index: Int, _ section: RelocatableObject.Section) -> Bool {
    let symbol = object.symbols[index]
    let starts = Set(section.symbols.map { object.symbols[$0].value })
    let referred = Set(section.references.map(\.offset))
    guard let decoder = X86_64Decoder() else { return true }
    var at = Int(clamping: symbol.value)
    let end = min(at + Int(clamping: symbol.size), section.content.count)
    while at < end {
      guard let instruction = decoder.instruction(in: section.content, at: at, base: 0) else {
        at += 1
        continue
      }
      if let operand = instruction.ripOperand, !referred.contains(at + operand.displacementOffset),
        operand.target < section.header.size, !starts.contains(operand.target)
      {
        return true
      }
      at += max(1, instruction.bytes.count)
    }
    return false
  }

  private mutating func end(ofInstructionAt offset: Int, in section: Int) -> Int {
    if ends[section] == nil { ends[section] = decode(section) }
    let end = ends[section]?[offset] ?? 0
    return end > offset ? end : offset + 4
  }

  private func decode(_ section: Int) -> [Int] {
    guard let content = object.sections[section]?.content else { return [] }
    var ends = [Int](repeating: 0, count: content.count)
    guard let decoder = X86_64Decoder() else { return ends }
    var at = 0
    while at < content.count {
      let size = decoder.instruction(in: content, at: at, base: 0)?.bytes.count ?? 1
      for byte in at..<min(at + size, content.count) { ends[byte] = at + size }
      at += size
    }
    return ends
  }
}

extension X86_64RelocationType {
  /// Whether the field counts from its own place, and so, in code, from the end of its instruction.
  var isRelative: Bool {
    let relative: [X86_64RelocationType] = [
      .pc32, .plt32, .gotpcrel, .gotpcrelx, .rexGotpcrelx, .gottpoff, .tlsgd, .tlsld, .gotpc32, .gotpc32TLSDescriptor,
    ]
    return relative.contains(self)
  }
}
