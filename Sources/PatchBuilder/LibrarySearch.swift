internal import Glibc
internal import Patch

/// The libraries that the target is linked with, as they lie on this machine: where a symbol's library and version come from
/// that the target itself does not import yet.
struct LibrarySearch {
  private let folders: [String]
  /// Names still to open, nearest first, as the dynamic linker searches them.
  private var open: [String]
  private var seen: Set<String> = []
  private var libraries: [(soname: String, symbols: [String: [ElfSymbol]])] = []

  init(_ target: TargetImage) {
    folders =
      [target.path.lastIndex(of: "/").map { String(target.path[..<$0]) } ?? "."]
      + [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
        "/usr/local/lib",
      ]
    open = target.needed
  }

  /// The library that defines a symbol for every program, and the definition.
  ///
  /// `version`: the version that is asked for; nil for the default one.
  mutating func find(_ name: String, version: String? = nil) -> (library: String, symbol: ElfSymbol)? {
    var index = 0
    while true {
      if index == libraries.count {
        guard openNext() else { return nil }
        continue
      }
      let library = libraries[index]
      let candidates = library.symbols[name] ?? []
      if let symbol = candidates.first(where: { version == nil ? $0.isDefaultVersion : $0.version == version }) {
        return (library.soname, symbol)
      }
      index += 1
    }
  }

  /// Opens the next library; false when there is none left.
  private mutating func openNext() -> Bool {
    while !open.isEmpty {
      let name = open.removeFirst()
      guard seen.insert(name).inserted else { continue }
      for path in name.contains("/") ? [name] : folders.map({ "\($0)/\(name)" }) {
        // A library that this machine lacks is no error: what it defines is found in the process.
        guard let file = try? ElfFile(path: path), let symbols = try? file.symbols(.dynamic) else { continue }
        let dynamic = try? file.dynamic()
        var byName: [String: [ElfSymbol]] = [:]
        for symbol in symbols where symbol.isDefined && symbol.binding != .local {
          byName[symbol.name, default: []].append(symbol)
        }
        libraries.append((dynamic?.soname ?? name, byName))
        open += dynamic?.needed ?? []
        return true
      }
    }
    return false
  }
}
