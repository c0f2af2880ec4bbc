internal import CElf
internal import Patch

/// A part of an object: some functions with all that only they need; everything else is referred to in the target.
struct ObjectCut {
  /// What the cut refers to and does not hold, by the name that it has there.
  struct External: Equatable {
    /// The symbol as the old compilation defines it, or else as the new one has it.
    let symbol: ElfSymbol
    /// The name in the compilation that the target was built from.
    let name: String
  }

  private let difference: ObjectDifference
  private let strings: [[UInt8]: LinkAddress]
  private let names: (String) -> String
  private var exported: Set<String> = []
  private var targets: ReferenceTargets
  private var object: RelocatableObject { targets.object }
  private var kept: Set<Int> = []
  private var queue: [Int] = []
  private(set) var externals: [String: External] = [:]
  /// The target's strings that the cut refers to, by the name that they have there.
  private(set) var targetStrings: [String: LinkAddress] = [:]
  private var writer = ObjectWriter()
  /// Where sections and strings of the object lie in the cut.
  private var sectionNumbers: [Int: Int] = [:]
  private var mergedPlaces: [Int: [Int: Int]] = [:]
  private var mergedContent: [Int: [UInt8]] = [:]

  /// Prepares for an object with a section for each function and variable: the file with the change.
  ///
  /// `strings`: where the target has those that it may have kept the addresses of.
  /// `names`: how a name that is local to the file is called outside of it.
  init(
    _ object: RelocatableObject, _ difference: ObjectDifference, strings: [[UInt8]: LinkAddress],
    names: @escaping (String) -> String
  ) {
    self.difference = difference
    self.strings = strings
    self.names = names
    targets = ReferenceTargets(object)
  }

  /// The object's bytes.
  ///
  /// `functions`: those that are kept, with their parts, by name.
  /// `exported`: what is new and kept because other files refer to it.
  mutating func bytes(keeping functions: [String], exporting exported: Set<String>) throws(BuildRefusal) -> [UInt8] {
    self.exported = exported
    // Where the comparison's object has the old line numbers, a name that is made of one would mean another variable.
    let variables = Set(ObjectDifference.variables(targets).keys)
    if let other = variables.symmetricDifference(ObjectDifference.variables(difference.newTargets).keys).min() {
      throw BuildRefusal(symbol: other, reason: .localUnknown)
    }
    let roots = exported.union(functions)
    for symbol in object.symbols where symbol.isDefined && symbol.type != .section {
      guard roots.contains(RelocatableObject.parent(of: symbol.name) ?? symbol.name) else { continue }
      if let section = object.section(of: symbol) { keep(section.header.index) }
    }
    let handlers = object.handlerTables()
    while let next = queue.popLast() {
      for table in handlers[next] ?? [] { keep(table) }
      for reference in object.sections[next]?.references ?? [] { follow(reference, in: next) }
    }
    addSections()
    try addSymbolsAndReferences()
    try addUnwind()
    return writer.bytes()
  }

  // MARK: What is kept

  private mutating func keep(_ section: Int) {
    if kept.insert(section).inserted { queue.append(section) }
  }

  private mutating func follow(_ reference: RelocatableObject.Reference, in section: Int) {
    guard let place = targets.place(of: reference, in: section), let target = object.sections[place.section] else {
      return
    }
    if target.isMerged {
      if targetString(at: place, of: target) == nil { keepEntry(place, of: target) }
    } else if place.symbol.map({ brings($0) }) ?? (!target.isWritable || isOfTypes(target, from: section)) {
      keep(place.section)
    }
  }

  /// Whether a section holds clang's words with the addresses of the types that a table of handlers names: `.data`, where all variables
  /// have sections of their own.
  private func isOfTypes(_ target: RelocatableObject.Section, from section: Int) -> Bool {
    target.symbols.isEmpty && object.sections[section]?.isOfHandlers == true
  }

  /// Whether something with a name comes along, rather than being the target's.
  private func brings(_ index: Int) -> Bool {
    let symbol = object.symbols[index]
    if object.section(of: symbol)?.isOfHandlers == true { return true }
    if targets.isConstantOfFunction(index) {
      return difference.sharedConstants[symbol.name]?.content != targets.content(of: index)
    }
    if targets.isTableOfFunction(index) || difference.constants.contains(symbol.name) { return true }
    if difference.added.contains(symbol.name) { return true }
    let function = RelocatableObject.parent(of: symbol.name) ?? symbol.name
    return symbol.type == .function && difference.changed[function] != nil
  }

  /// The string of the target that a place belongs to: where it begins in the section, and in the target.
  private func targetString(
    at place: ReferenceTargets.Place, of section: RelocatableObject.Section
  ) -> (start: Int, address: LinkAddress)? {
    guard section.holdsStrings, let entry = targets.entry(of: place, in: section),
      let address = strings[Array(section.content[entry])]
    else { return nil }
    return (entry.lowerBound, address)
  }

  /// Takes over one string or constant.
  private mutating func keepEntry(_ place: ReferenceTargets.Place, of section: RelocatableObject.Section) {
    guard let entry = targets.entry(of: place, in: section) else { return keep(place.section) }
    let number = place.section
    // From its beginning: an address inside a constant stays one.
    guard mergedPlaces[number]?[entry.lowerBound] == nil else { return }
    var content = mergedContent[number] ?? []
    let alignment = max(1, Int(clamping: section.header.alignment))
    while content.count % alignment != 0 { content.append(0) }
    mergedPlaces[number, default: [:]][entry.lowerBound] = content.count
    content += section.content[entry]
    if section.holdsStrings { content.append(0) }
    mergedContent[number] = content
  }

  // MARK: Writing

  private mutating func addSections() {
    for number in kept.sorted() {
      guard let section = object.sections[number] else { continue }
      sectionNumbers[number] = writer.add(
        ObjectWriter.Section(
          name: section.header.name, type: section.header.type,
          flags: section.header.flags & ~UInt64(SHF_GROUP | SHF_MERGE | SHF_STRINGS), content: section.content,
          size: section.header.size, alignment: section.header.alignment))
    }
    for (number, content) in mergedContent.sorted(by: { $0.key < $1.key }) where sectionNumbers[number] == nil {
      guard let section = object.sections[number] else { continue }
      sectionNumbers[number] = writer.add(
        ObjectWriter.Section(
          name: section.header.name, type: section.header.type, flags: UInt64(SHF_ALLOC), content: content,
          size: UInt64(content.count), alignment: section.header.alignment))
    }
  }

  private mutating func addSymbolsAndReferences() throws(BuildRefusal) {
    for number in kept.sorted() {
      for index in object.sections[number]?.symbols ?? [] { addDefined(index, in: number) }
    }
    for number in kept.sorted() {
      guard let section = object.sections[number], let written = sectionNumbers[number] else { continue }
      for reference in section.references {
        writer.add(try rewritten(reference, in: number, at: reference.offset), to: written)
      }
    }
  }

  private mutating func addDefined(_ index: Int, in section: Int) {
    guard let number = sectionNumbers[section] else { return }
    let symbol = object.symbols[index]
    // Functions that replace others are known by name; a part of one is not.
    let isReplacement = difference.changed[symbol.name] != nil && symbol.type == .function
    let isExported = exported.contains(symbol.name) && symbol.binding != .local
    writer.define(
      isReplacement ? names(symbol.name) : symbol.name, type: symbol.type, isGlobal: isReplacement || isExported,
      section: number, value: symbol.value, size: symbol.size, index: index)
  }

  /// A reference as it is in the cut: to what is kept by section, to all else by name.
  private mutating func rewritten(
    _ reference: RelocatableObject.Reference, in section: Int, at offset: Int
  ) throws(BuildRefusal) -> ObjectWriter.Reference {
    let symbol = object.symbols[reference.symbol]
    func made(_ symbol: Int, _ addend: Int64) -> ObjectWriter.Reference {
      ObjectWriter.Reference(offset: offset, type: reference.type, symbol: symbol, addend: addend)
    }
    guard let place = targets.place(of: reference, in: section), let target = object.sections[place.section] else {
      if reference.symbol == 0 { return made(0, reference.addend) }
      guard symbol.place == .undefined || symbol.place == .common else {
        throw BuildRefusal(symbol: symbol.name, reason: .relocation(type: reference.type.name))
      }
      return made(undefined(symbol), reference.addend)
    }
    if target.isMerged, let string = targetString(at: place, of: target) {
      let name = "lpatch.string.\(string.address)"
      targetStrings[name] = string.address
      return made(
        writer.undefined(name, type: .none, isWeak: false),
        reference.addend &+ Int64(bitPattern: symbol.value) &- Int64(string.start))
    }
    // What lives in the process is meant even where its section came along for something else.
    let isBrought = place.symbol.map { target.isCode || brings($0) } ?? true
    if isBrought, let written = sectionNumbers[place.section] {
      let own = Int64(bitPattern: symbol.value)
      if let places = mergedPlaces[place.section], let entry = targets.entry(of: place, in: target),
        let now = places[entry.lowerBound], !kept.contains(place.section)
      {
        return made(
          writer.sectionSymbol(written), reference.addend &+ own &+ Int64(now) &- Int64(entry.lowerBound))
      }
      // By name only where the compiler did: a place inside a function must not be taken for the function (``ReplacedPlaces``).
      if symbol.type != .section, let defined = writer.symbol(of: reference.symbol) {
        return made(defined, reference.addend)
      }
      return made(writer.sectionSymbol(written), reference.addend &+ own)
    }
    guard let index = place.symbol else {
      throw BuildRefusal(symbol: target.header.name, reason: .relocation(type: reference.type.name))
    }
    let named = object.symbols[index]
    return made(
      undefined(named), reference.addend &+ Int64(bitPattern: symbol.value) &- Int64(bitPattern: named.value))
  }

  private mutating func undefined(_ symbol: ElfSymbol) -> Int {
    let name = symbol.binding == .local ? names(symbol.name) : symbol.name
    let shared = targets.isConstantOfFunction(symbol.index) ? difference.sharedConstants[symbol.name]?.name : nil
    let oldName = shared ?? difference.oldName(symbol.name)
    // What the target has is as static as it was.
    let before = difference.old.symbols.first { $0.name == oldName && $0.isDefined }
    externals[name] = External(symbol: before ?? symbol, name: oldName)
    return writer.undefined(
      name, type: symbol.type == .threadLocal ? .threadLocal : .none,
      isWeak: symbol.binding == .weak && symbol.place == .undefined)
  }

  // MARK: Call-frame information

  /// The descriptions of the kept functions, and the common parts that they name (LSB, `.eh_frame`).
  private mutating func addUnwind() throws(BuildRefusal) {
    for (number, section) in object.sections.enumerated() {
      guard let section, section.isUnwind else { continue }
      var content: [UInt8] = []
      var references: [ObjectWriter.Reference] = []
      var commons: [Int: Int] = [:]
      var at = 0
      while let length = section.content.little(UInt32.self, at: at), length > 0, length < 0xffff_fff0,
        let id = section.content.little(UInt32.self, at: at + 4), at + 4 + Int(length) <= section.content.count
      {
        let record = at..<(at + 4 + Int(length))
        at = record.upperBound
        let own = section.references.filter { record.contains($0.offset) }
        if id == 0 {
          commons[record.lowerBound] = content.count
        } else {
          guard let first = own.first(where: { $0.offset == record.lowerBound + 8 }),
            let place = targets.place(of: first, in: number), kept.contains(place.section)
          else { continue }
        }
        let moved = content.count
        content += section.content[record]
        if id != 0 {
          // A description says how far back its common part begins.
          guard let common = commons[record.lowerBound + 4 - Int(id)] else {
            throw BuildRefusal(symbol: section.header.name, reason: .relocation(type: "CIE pointer"))
          }
          content.replaceSubrange(moved + 4..<moved + 8, with: UInt32(moved + 4 - common).littleEndianBytes)
        }
        for reference in own {
          references.append(
            try rewritten(reference, in: number, at: reference.offset - record.lowerBound + moved))
        }
      }
      guard !references.isEmpty else { continue }
      let written = writer.add(
        ObjectWriter.Section(
          name: section.header.name, type: section.header.type, flags: section.header.flags, content: content,
          size: UInt64(content.count), alignment: section.header.alignment))
      for reference in references { writer.add(reference, to: written) }
    }
  }
}
