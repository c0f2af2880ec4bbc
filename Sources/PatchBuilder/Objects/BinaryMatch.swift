internal import CElf
internal import Patch

/// Compares the functions of an object, as the project's own flags make it, with the code of the target.
///
/// The proof that compiler and flags are those that the target was built with: the same bytes once references are resolved.
struct BinaryMatch {
  /// Why a function of the object is not the target's.
  enum Difference: Equatable {
    /// The target has no function of this name that could be the file's.
    case absent
    /// The object has none.
    case notCompiled
    case size(target: UInt64, object: UInt64)
    /// The first instruction that differs.
    case instruction(offset: UInt64, target: [UInt8], object: [UInt8])
    /// A reference that leads elsewhere.
    case reference(offset: UInt64, to: String, target: LinkAddress)
    /// The linker has put a function of another file in the same place, because the two were the same.
    case shared(with: String)
  }

  private let target: TargetImage
  /// The name of the source file, by which the symbol table tells static functions apart.
  private let file: String?
  private var targets: ReferenceTargets
  private var object: RelocatableObject { targets.object }

  init(_ object: RelocatableObject, in target: TargetImage) {
    self.target = target
    file = object.symbols.first { $0.type == .file }?.name
    targets = ReferenceTargets(object)
  }

  /// How many of its functions are the target's.
  mutating func knownFunctions() -> Int { object.functions.count { difference(ofSymbol: $0) == nil } }

  /// Whether the target was linked from the object: its symbol table names the source file (every object has an `STT_FILE`, which
  /// linkers keep), and it has one of the object's functions, or, of a file of data, one of its variables.
  ///
  /// With other code, too: then it was compiled in another way, which must not pass unseen. (Every program has a `main`.)
  mutating func isInTarget() -> Bool {
    guard file.map({ target.symbols.files.contains($0) }) ?? true else { return false }
    let functions = object.functions
    guard functions.isEmpty else {
      return functions.contains { index in
        let symbol = object.symbols[index]
        return difference(ofSymbol: index) == nil
          || symbol.name != "main" && place(of: symbol, named: symbol.name) != nil
      }
    }
    return object.symbols.contains { symbol in
      symbol.isDefined && [.object, .threadLocal].contains(symbol.type)
        && place(of: symbol, named: symbol.name).map { $0.size == symbol.size } ?? false
    }
  }

  /// The function of the target that one of the object became.
  func place(ofFunction name: String) -> TargetSymbol? {
    object.function(named: name).flatMap { place(of: object.symbols[$0], named: name) }
  }

  /// The symbol of the target that something of the object became; nil when there is none, or several that could be.
  ///
  /// `name`: as in the object as the target's build makes it.
  func place(of symbol: ElfSymbol, named name: String) -> TargetSymbol? {
    var all = candidates(for: symbol, named: name)
    if symbol.binding != .local { all.removeAll { !$0.isForOthers && symbol.visibility != .hidden } }
    return Set(all.map(\.address)).count == 1 ? all.first : nil
  }

  private func candidates(for symbol: ElfSymbol, named name: String) -> [TargetSymbol] {
    let all = target.symbols.all(named: name)
    return symbol.binding == .local ? all.filter { $0.isLocal && $0.file == file } : all
  }

  /// What the object defines and the target has not, by name: the linker has left it out, since nobody used it, or took another file's.
  func leftOut() -> [String] {
    guard target.symbols.isComplete, !target.hasMovedConstants else { return [] }
    // A table that has no static name of the file may have lost them: they live all the same.
    let knowsStatics = file.map { target.symbols.filesWithStatics.contains($0) } ?? false
    return object.symbols.filter { symbol in
      symbol.isDefined && symbol.hasName && [.function, .object].contains(symbol.type)
        && (symbol.binding != .local || knowsStatics) && candidates(for: symbol, named: symbol.name).isEmpty
    }.map(\.name)
  }

  /// Where and how a function differs from the target's; nil when it is the target's.
  mutating func difference(of name: String) -> Difference? {
    guard let index = object.function(named: name) else { return .notCompiled }
    if let difference = difference(ofSymbol: index) { return difference }
    return stranger(besides: index).map { .shared(with: $0) }
  }

  /// A function in a function's place in the target that the object does not have there.
  private func stranger(besides index: Int) -> String? {
    let symbol = object.symbols[index]
    guard let place = place(of: symbol, named: symbol.name) else { return nil }
    let own = Set(object.namesakes(of: index))
    let all = target.symbols.code(in: place.address.value..<place.address.value + 1).filter { $0.kind == .function }
    // A static function of the name may be another file's.
    return all.first { !own.contains($0.name) || symbol.binding == .local && $0.isLocal && $0.file != file }?.name
  }

  private mutating func difference(ofSymbol index: Int) -> Difference? {
    let symbol = object.symbols[index]
    guard let section = object.section(of: symbol) else { return .absent }
    // Where the file's name stands for several files, the code tells which one is meant.
    guard let place = place(of: symbol, named: symbol.name), place.kind == .function else { return .absent }
    guard place.size == symbol.size else { return .size(target: place.size, object: symbol.size) }
    let start = Int(clamping: symbol.value)
    guard symbol.size > 0, start + Int(symbol.size) <= section.content.count,
      let code = target.code(at: place.address.value, count: place.size)
    else { return .absent }
    let own = Array(section.content[start..<start + Int(symbol.size)])
    let references = section.references.filter { $0.offset >= start && $0.offset < start + own.count }
    var compared = [Bool](repeating: true, count: own.count)
    for reference in references {
      for byte in fields(reference, from: start) where compared.indices.contains(byte) { compared[byte] = false }
    }
    if let first = own.indices.first(where: { compared[$0] && own[$0] != code[$0] }) {
      return instruction(at: first, code, own)
    }
    for reference in references {
      if let wrong = wrongTarget(reference, in: section.header.index, at: place.address.value, code, from: start) {
        return wrong
      }
    }
    return nil
  }

  /// The bytes that the linker fills in: the field, and the instruction around it where it may write another one instead
  /// (x86-64 psABI, B.2 "Optimize GOTPCRELX Relocations", and the TLS transitions).
  private func fields(_ reference: RelocatableObject.Reference, from start: Int) -> Range<Int> {
    let at = reference.offset - start
    let size = Int(reference.type.fieldSize)
    switch reference.type {
    case .gotpcrelx: return at - 2..<at + size
    case .rexGotpcrelx, .gottpoff: return at - 3..<at + size
    case .tlsgd, .tlsld, .gotpc32TLSDescriptor: return at - 4..<at + size + 8
    default: return at..<at + size
    }
  }

  private mutating func wrongTarget(
    _ reference: RelocatableObject.Reference, in section: Int, at address: UInt64, _ code: [UInt8], from start: Int
  ) -> Difference? {
    let at = reference.offset - start
    guard [.pc32, .plt32].contains(reference.type), let field = code.little(Int32.self, at: at)
    else { return nil }
    let value = address &+ UInt64(at) &+ UInt64(bitPattern: Int64(field)) &- UInt64(bitPattern: reference.addend)
    func wrong(_ what: String) -> Difference {
      .reference(offset: UInt64(at), to: what, target: LinkAddress(value))
    }
    switch targets.target(of: reference, in: section) {
    case .named(let name, let inner):
      guard let index = object.symbols.firstIndex(where: { $0.name == name && $0.isDefined }),
        let place = place(of: object.symbols[index], named: name),
        ![.threadLocal, .indirectFunction].contains(place.kind)
      else { return nil }
      let symbol = object.symbols[reference.symbol]
      // A library calls what it exports through a stub, too: a program may have a function of the name.
      if inner == 0, symbol.binding != .local, target.symbol(ofStub: value) == name { return nil }
      // The field was computed from the reference's symbol: the section's beginning, or the named one itself.
      let distance =
        targets.place(of: reference, in: section).map { $0.offset &- Int64(bitPattern: symbol.value) } ?? inner
      return value &+ UInt64(bitPattern: distance) == place.address.value &+ UInt64(bitPattern: inner)
        ? nil : wrong(name)
    case .content(let bytes, let inner):
      let symbol = object.symbols[reference.symbol]
      guard let offset = targets.place(of: reference, in: section)?.offset else { return nil }
      // Where the bytes begin, in the target as in the object.
      let place = value &+ UInt64(bitPattern: offset &- inner &- Int64(bitPattern: symbol.value))
      let found = try? target.elf.content(at: LinkAddress(place), count: UInt64(bytes.count))
      return found == bytes ? nil : wrong("\"\(String(decoding: bytes.prefix(40), as: UTF8.self))\"")
    case .external(let name, _):
      // A function of a library is called through a stub, which has no name of its own.
      guard let place = target.symbols.all(named: name).first(where: { $0.isForOthers && $0.kind != .threadLocal }),
        reference.type == .pc32 || target.symbols.all(named: name).count == 1
      else { return nil }
      return value == place.address.value || !isText(value) ? nil : wrong(name)
    case .unnamed, .number: return nil
    }
  }

  /// Whether an address is in a function that is known; stubs of the linker are not.
  private func isText(_ address: UInt64) -> Bool { target.symbols.function(holding: address) != nil }

  // MARK: Strings

  /// Where the target has the strings that the file's code and data refer to: a process may have kept the address of one, and
  /// compare it with that of the same string in new code.
  mutating func strings() -> [[UInt8]: LinkAddress] {
    var found: [[UInt8]: LinkAddress] = [:]
    for index in object.symbols.indices {
      let symbol = object.symbols[index]
      guard symbol.isDefined, [.function, .object].contains(symbol.type), let section = object.section(of: symbol),
        let place = place(of: symbol, named: symbol.name), place.size == symbol.size,
        symbol.type == .object || difference(ofSymbol: index) == nil
      else { continue }
      for reference in section.references {
        let inner = UInt64(reference.offset) &- symbol.value
        guard inner < symbol.size, object.section(of: object.symbols[reference.symbol])?.holdsStrings == true,
          case .content(let bytes, let offset) = targets.target(of: reference, in: section.header.index),
          let symbolAddress = target.symbolAddress(
            behind: reference.type, at: place.address.value &+ inner, addend: reference.addend),
          let own = targets.place(of: reference, in: section.header.index)?.offset
        else { continue }
        // From there it is as far to the string's beginning as in the object.
        let start = own &- offset &- Int64(bitPattern: object.symbols[reference.symbol].value)
        let address = LinkAddress(symbolAddress &+ UInt64(bitPattern: start))
        if (try? target.elf.content(at: address, count: UInt64(bytes.count) + 1)) == bytes + [0] {
          found[bytes] = min(found[bytes] ?? address, address)
        }
      }
    }
    return found
  }

  private func instruction(at byte: Int, _ code: [UInt8], _ own: [UInt8]) -> Difference {
    var at = 0
    if let decoder = X86_64Decoder() {
      while at < byte, let next = decoder.instruction(in: own, at: at, base: 0), at + next.bytes.count <= byte {
        at += next.bytes.count
      }
    }
    return .instruction(
      offset: UInt64(at), target: Array(code[at..<min(at + 8, code.count)]),
      object: Array(own[at..<min(at + 8, own.count)]))
  }
}

extension BinaryMatch.Difference {
  /// The difference in one clause.
  var text: String {
    switch self {
    case .notCompiled: "it is not compiled"
    case .absent: "the binary has no such function of this file"
    case .size(let target, let object): "it has \(object) bytes, the binary's \(target)"
    case .instruction(let offset, let target, let object):
      "at offset \(offset) it has \(object.hexadecimal), the binary \(target.hexadecimal)"
    case .reference(let offset, let name, let address):
      "at offset \(offset) it refers to \(name), the binary to \(address)"
    case .shared(let name): "it stands for \(name), too, which is not in this file"
    }
  }
}
