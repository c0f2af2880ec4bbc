internal import CElf
internal import Patch

/// A rebuild that is the binary but for constants of which one has another content, such as the version of a library that was newer by
/// then, so that those behind it lie elsewhere.
///
/// The proof: the same sections at the same addresses with the same sizes, the same code, function by function, and the same relocations, but
/// for references to constants. Where each constant lies in the binary is told by those, and by its content.
struct MovedConstants: Sendable {
  /// A section whose content differs.
  private struct Part: Sendable {
    let address: UInt64
    let binary: [UInt8]
    let rebuild: [UInt8]

    func holds(_ place: UInt64) -> Bool { place >= address && place - address < UInt64(binary.count) }

    /// Some bytes of one of the two; nil where they are not all in it.
    func bytes(of content: [UInt8], at place: UInt64, count: UInt64) -> ArraySlice<UInt8>? {
      guard holds(place), count <= UInt64(content.count) - (place - address) else { return nil }
      return content[Int(place - address)...].prefix(Int(count))
    }
  }

  private let constants: [Part]
  /// For each constant that a reference leads to where it lies in the rebuild, and where in the binary.
  private var places: [UInt64: UInt64] = [:]

  /// Compares a binary with a rebuild; nil when something else differs.
  init?(of target: ElfFile, in donor: ElfFile) throws(DamagedElf) {
    let (mine, other) = (SymbolSource.loaded(target), SymbolSource.loaded(donor))
    guard mine.count == other.count, zip(mine, other).allSatisfy({ $0.isPlaced(as: $1) }) else { return nil }
    var constants: [Part] = []
    var code: [Part] = []
    var relocations: [Part] = []
    var data: [Part] = []
    for (a, b) in zip(mine, other) {
      let part = Part(address: a.address.value, binary: try target.content(of: a), rebuild: try donor.content(of: b))
      if part.binary == part.rebuild { continue }
      if a.flags & UInt64(SHF_EXECINSTR) != 0 {
        code.append(part)
      } else if a.type == UInt32(SHT_RELA) {
        relocations.append(part)
      } else if a.type == UInt32(SHT_PROGBITS), a.flags & UInt64(SHF_WRITE) == 0, a.name.hasPrefix(".rodata") {
        constants.append(part)
      } else if a.type == UInt32(SHT_PROGBITS) {
        data.append(part)
      } else {
        return nil
      }
    }
    self.constants = constants
    let functions = try donor.symbols(.full).filter { $0.type == .function && $0.size > 0 }.sorted {
      $0.value < $1.value
    }
    for part in relocations where !compareRelocations(part) { return nil }
    let relocated = Set(try donor.words { $0 == UInt64(R_X86_64_RELATIVE) }.keys)
    for part in data where !compareWords(part, relocated) { return nil }
    for part in code where !compareCode(part, functions) { return nil }
  }

  /// A symbol of the rebuild as the binary has it; nil where the binary has nothing of the content, or several places could be it.
  func inBinary(_ symbol: ElfSymbol) -> ElfSymbol? {
    guard case .section = symbol.place, let part = constants.first(where: { $0.holds(symbol.value) }) else {
      return symbol
    }
    let known = places.keys
    let below = known.filter { $0 <= symbol.value }.max()
    let above = known.filter { $0 >= symbol.value }.min()
    let distances = [below, above].compactMap { place in place.map { (places[$0] ?? $0) &- $0 } }
    guard let content = part.bytes(of: part.rebuild, at: symbol.value, count: symbol.size) else { return nil }
    let fitting = Set(distances + [0]).map { symbol.value &+ $0 }.filter { place in
      part.bytes(of: part.binary, at: place, count: symbol.size) == content
    }
    guard fitting.count == 1, let place = fitting.first else { return nil }
    return symbol.moved(to: place)
  }

  /// Texts that only the one or only the other has, in one clause.
  var text: String {
    func texts(_ content: [UInt8]) -> [String] {
      // As strings(1) finds them: tables of numbers lie between.
      content.split { $0 < 0x20 || $0 == 0x7f }.map { String(decoding: $0, as: UTF8.self) }.filter { $0.utf8.count > 3 }
    }
    var clauses: [String] = []
    for part in constants {
      let (here, there) = (texts(part.binary), texts(part.rebuild))
      let own = here.filter { !Set(there).contains($0) }
      let other = there.filter { !Set(here).contains($0) }
      for index in 0..<min(3, max(own.count, other.count)) {
        let was = index < own.count ? "\"\(own[index])\"" : "nothing"
        let becomes = index < other.count ? "\"\(other[index])\"" : "nothing"
        clauses.append("\(was) there, \(becomes) in the rebuild")
      }
    }
    return clauses.isEmpty ? "no text differs" : clauses.joined(separator: "; ")
  }

  // MARK: Comparing

  /// Takes note of a constant; false for what is none, and for one that has another place already.
  private mutating func note(_ rebuild: UInt64, _ binary: UInt64) -> Bool {
    guard constants.contains(where: { $0.holds(rebuild) && $0.holds(binary) }) else { return false }
    return places.updateValue(binary, forKey: rebuild).map { $0 == binary } ?? true
  }

  /// Entries of 24 bytes: where, what, and what is added (gABI, `Elf64_Rela`).
  private mutating func compareRelocations(_ part: Part) -> Bool {
    let (binary, rebuild) = (part.binary, part.rebuild)
    for at in stride(from: 0, to: binary.count - 23, by: 24) where binary[at..<at + 24] != rebuild[at..<at + 24] {
      guard binary[at..<at + 16] == rebuild[at..<at + 16], let here = binary.little(UInt64.self, at: at + 16),
        let there = rebuild.little(UInt64.self, at: at + 16), note(there, here)
      else { return false }
    }
    return true
  }

  /// Whether data is the same but for the words that get addresses of constants when the file is mapped, and that hold these already.
  private mutating func compareWords(_ part: Part, _ relocated: Set<UInt64>) -> Bool {
    for at in stride(from: 0, to: part.binary.count, by: 8) {
      let word = at..<min(at + 8, part.binary.count)
      if part.binary[word] == part.rebuild[word] { continue }
      guard relocated.contains(part.address &+ UInt64(at)), let here = part.binary.little(UInt64.self, at: at),
        let there = part.rebuild.little(UInt64.self, at: at), note(there, here)
      else { return false }
    }
    return true
  }

  /// Whether code is the same but for the constants that it refers to.
  private mutating func compareCode(_ part: Part, _ functions: [ElfSymbol]) -> Bool {
    let (address, binary, rebuild) = (part.address, part.binary, part.rebuild)
    guard let decoder = X86_64Decoder() else { return false }
    var at = 0
    while let different = zip(binary[at...], rebuild[at...]).enumerated().first(where: { $1.0 != $1.1 })?.offset {
      let place = address &+ UInt64(at + different)
      guard let function = functions.last(where: { $0.value <= place && place < $0.value &+ $0.size }) else {
        return false
      }
      var next = Int(function.value &- address)
      let end = next + Int(function.size)
      guard end <= binary.count else { return false }
      while next < end {
        guard let old = decoder.instruction(in: rebuild, at: next, base: address),
          let new = decoder.instruction(in: binary, at: next, base: address), old.bytes.count == new.bytes.count
        else { return false }
        if old.bytes != new.bytes, !refersAlike(old, new) { return false }
        next += old.bytes.count
      }
      at = end
    }
    return true
  }

  private mutating func refersAlike(_ rebuild: X86_64Instruction, _ binary: X86_64Instruction) -> Bool {
    guard let one = rebuild.ripOperand, let other = binary.ripOperand,
      one.displacementOffset == other.displacementOffset
    else { return false }
    let field = one.displacementOffset..<one.displacementOffset + 4
    let isSame = rebuild.bytes.indices.allSatisfy { field.contains($0) || rebuild.bytes[$0] == binary.bytes[$0] }
    return isSame && note(one.target, other.target)
  }
}
