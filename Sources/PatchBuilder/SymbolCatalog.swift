internal import Patch

/// All that the target defines, by name and by address.
struct SymbolCatalog: Sendable {
  /// By name; each place once, in the order of addresses.
  private var byName: [String: [TargetSymbol]] = [:]
  /// Functions and unnamed code, by address; several names of one address stand side by side.
  private(set) var code: [TargetSymbol] = []
  /// The source files that the symbol table names (`STT_FILE`).
  let files: Set<String>
  /// Those of them of which it has static functions or variables.
  let filesWithStatics: Set<String>
  /// Whether a full symbol table was at hand.
  let isComplete: Bool

  /// - Parameters:
  ///   - full: the full symbol tables at hand (`.symtab` of the file, of its debug file, of the symbol donor).
  ///   - dynamic: the file's `.dynsym`.
  init(full: [ElfSymbol], dynamic: [ElfSymbol]) {
    isComplete = !full.isEmpty
    files = Set(full.filter { $0.type == .file }.map(\.name))
    var seen: Set<TargetSymbol> = []
    var file: String?
    var found: [TargetSymbol] = []
    for symbol in full {
      if symbol.type == .file {
        // An empty name ends the locals of the last file and begins those that the linker made.
        file = symbol.name.isEmpty ? nil : symbol.name
      } else if let target = TargetSymbol(symbol, file: symbol.binding == .local ? file : nil) {
        found.append(target)
      }
    }
    filesWithStatics = Set(found.filter(\.isLocal).compactMap(\.file))
    let known = Set(found.map { Place(name: $0.name, address: $0.address) })
    for symbol in dynamic {
      guard let target = TargetSymbol(symbol, file: nil) else { continue }
      if !known.contains(Place(name: target.name, address: target.address)) { found.append(target) }
    }
    for symbol in found.sorted(by: { ($0.address, $0.name) < ($1.address, $1.name) }) where seen.insert(symbol).inserted
    {
      byName[symbol.name, default: []].append(symbol)
      if symbol.kind == .function || symbol.kind == .indirectFunction || symbol.kind == .unknown { code.append(symbol) }
    }
  }

  private struct Place: Hashable {
    let name: String
    let address: LinkAddress
  }

  /// Every place of a name, in the order of addresses.
  func all(named name: String) -> [TargetSymbol] { byName[name] ?? [] }

  /// The places that somebody means who writes `name`, `name@0x1f40` or `file.c:name`.
  func meant(by text: String) -> [TargetSymbol] {
    let exact = all(named: text)
    if !exact.isEmpty { return exact }
    if let at = text.lastIndex(of: "@"), text[text.index(after: at)...].hasPrefix("0x"),
      let address = UInt64(text[text.index(after: at)...].dropFirst(2), radix: 16)
    {
      return all(named: String(text[..<at])).filter { $0.address.value == address }
    }
    if let colon = text.lastIndex(of: ":") {
      let file = text[..<colon]
      return all(named: String(text[text.index(after: colon)...])).filter {
        $0.file.map { $0 == file || $0.hasSuffix("/" + file) } ?? false
      }
    }
    return []
  }

  /// The name in `name`, `name@0x1f40` or `file.c:name`.
  static func plainName(of text: String) -> String {
    var name = text[...]
    if let at = name.lastIndex(of: "@"), name[name.index(after: at)...].hasPrefix("0x") { name = name[..<at] }
    if let colon = name.lastIndex(of: ":") { name = name[name.index(after: colon)...] }
    return String(name)
  }

  /// Names like another one, nearest first, at most three.
  func similar(to name: String, where wanted: (TargetSymbol) -> Bool) -> [String] {
    let limit = max(1, name.utf8.count / 4)
    var found: [(distance: Int, name: String)] = []
    for (candidate, places) in byName where places.contains(where: wanted) {
      let distance = SpellingDistance.between(name, candidate, limit: limit)
      if let distance { found.append((distance, candidate)) }
    }
    return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  }

  /// Copies that gcc or clang specialised: `name.isra.0`, `name.constprop.1`, `name.part.0`, `name.llvm.…`.
  ///
  /// The unlikely part of a function, `name.cold`, is no copy.
  func specialisedCopies(of name: String) -> [TargetSymbol] {
    let prefix = name + "."
    return code.filter { symbol in
      guard symbol.name.hasPrefix(prefix) else { return false }
      let suffix = symbol.name.dropFirst(prefix.count)
      return ["isra", "constprop", "part", "llvm"].contains { suffix.hasPrefix($0) }
    }
  }

  /// The parts of a function that the compiler put elsewhere: `name.cold`, `name.part.0`, `name.part.0.cold`.
  ///
  /// Of static functions that share their name those of the other files are left out, where the table tells files.
  func pieces(of function: TargetSymbol) -> [TargetSymbol] {
    let prefix = function.name + "."
    return code.filter { symbol in
      guard symbol.name.hasPrefix(prefix), symbol.size > 0, symbol.kind == .function else { return false }
      let suffix = symbol.name.dropFirst(prefix.count)
      let isOfFile = symbol.file == nil || function.file == nil || symbol.file == function.file
      return isOfFile && (suffix.hasPrefix("cold") || suffix.hasPrefix("part"))
    }
  }

  /// The code symbols whose address lies in a range.
  func code(in range: Range<UInt64>) -> ArraySlice<TargetSymbol> {
    code[lowerBound(range.lowerBound)..<lowerBound(range.upperBound)]
  }

  /// The function that holds an address; nil where none says so.
  func function(holding address: UInt64) -> TargetSymbol? {
    var index = lowerBound(address &+ 1)
    var steps = 0
    while index > 0, steps < 64 {
      index -= 1
      steps += 1
      let symbol = code[index]
      if symbol.size > address &- symbol.address.value { return symbol }
    }
    return nil
  }

  /// Where the last known function before an address ends: instructions begin there.
  ///
  /// Nil where there is none.
  func lastEnd(before address: UInt64) -> UInt64? {
    let index = lowerBound(address)
    // Functions seldom overlap: the farthest end among a few is the last.
    return code[max(0, index - 16)..<index].lazy.filter { $0.size > 0 }.map { $0.address.value &+ $0.size }
      .filter { $0 <= address }.max()
  }

  private func lowerBound(_ address: UInt64) -> Int {
    var low = 0
    var high = code.count
    while low < high {
      let middle = (low + high) / 2
      if code[middle].address.value < address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension TargetSymbol {
  /// A symbol that the file defines and that has a place in memory; nil for any other.
  init?(_ symbol: ElfSymbol, file: String?) {
    switch symbol.place {
    case .undefined, .absolute, .common, .other: return nil
    case .section: break
    }
    switch symbol.type {
    case .function: kind = .function
    case .object: kind = .object
    case .threadLocal: kind = .threadLocal
    case .indirectFunction: kind = .indirectFunction
    case .none: kind = .unknown
    case .section, .file, .common, .other: return nil
    }
    // The full table writes versions into the name: stdout@GLIBC_2.2.5, memcpy@@GLIBC_2.14.
    let name = symbol.name.firstIndex(of: "@").map { String(symbol.name[..<$0]) } ?? symbol.name
    guard !name.isEmpty else { return nil }
    self.name = name
    self.file = file
    address = LinkAddress(symbol.value)
    size = symbol.size
    isLocal = symbol.binding == .local
  }
}
