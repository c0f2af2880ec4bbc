internal import Glibc
internal import Patch

/// Where the variables of a mapped build are: the symbol table of the very file that is mapped.
struct TargetVariables {
  private let symbols: [ElfSymbol]

  /// Reads the symbols of a binary, the static ones too unless it is stripped and has no debug file; none when the file cannot be read
  /// or is another build.
  init(of binary: MappedBinary, in process: ProcessID, map: MemoryMap) {
    symbols =
      TargetVariables.files(binary, process, map).lazy.compactMap { path in
        // A file that is damaged or not readable is passed over for the next path to the same build.
        guard let file = try? ElfFile(path: path), let found = try? file.buildID(), found == binary.buildID else {
          return nil
        }
        let full = (try? file.fullSymbols(at: binary.path, under: ["/proc/\(process)/root", ""])) ?? []
        return full.isEmpty ? try? file.symbols(.dynamic) : full
      }.first ?? []
  }

  /// The one variable of a name; nil when there is none, or several that differ.
  func lookup(_ name: String) -> (address: LinkAddress, size: UInt64)? {
    let found = symbols.filter { $0.name == name && $0.isDefined && $0.type == .object }
    guard let first = found.first, found.allSatisfy({ $0.value == first.value }) else { return nil }
    return (LinkAddress(first.value), found.map(\.size).max() ?? first.size)
  }

  /// The mapped file itself, even when its name is gone; then by name in the process's mount namespace.
  private static func files(_ binary: MappedBinary, _ process: ProcessID, _ map: MemoryMap) -> [String] {
    var paths: [String] = []
    if let mapping = map.mapping(at: binary.range.lowerBound) {
      let low = String(mapping.range.lowerBound.value, radix: 16)
      let high = String(mapping.range.upperBound.value, radix: 16)
      paths.append("/proc/\(process)/map_files/\(low)-\(high)")
    }
    return paths + ["/proc/\(process)/root\(binary.path)"]
  }
}
