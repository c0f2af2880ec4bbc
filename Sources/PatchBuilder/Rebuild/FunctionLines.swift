internal import CElf
internal import Patch

/// Which lines of the sources the functions of an object were made of (DWARF 5, 3.3).
struct FunctionLines {
  private struct Place: Hashable {
    let file: String
    let line: Int
  }

  private let places: [String: Place]
  /// For each file where its functions begin.
  private let beginnings: [String: [Int]]

  /// Reads a linked file with debugging information; knows no function when it has none.
  init(path: String) {
    places = unsafe DebugInformation.functions(of: path) { function in
      var line: Int32 = 0
      guard unsafe dwarf_decl_line(&function, &line) == 0, let file = unsafe dwarf_decl_file(&function) else {
        return nil
      }
      return unsafe Place(file: SourceTree.normalized(String(cString: file)), line: Int(line))
    }
    beginnings = Dictionary(grouping: Set(places.values), by: \.file).mapValues { $0.map(\.line).sorted() }
  }

  /// Whether a function has a line that differs; up to the next function all counts as its own.
  ///
  /// `lines`: those that differ, by the file below the source's folder.
  func has(_ name: String, _ lines: [String: [ClosedRange<Int>]]) -> Bool {
    guard let place = places[name] else { return false }
    let next = beginnings[place.file]?.first { $0 > place.line } ?? .max
    return lines.contains { file, ranges in
      place.file.hasSuffix("/" + file) && ranges.contains { $0.upperBound >= place.line && $0.lowerBound < next }
    }
  }
}
