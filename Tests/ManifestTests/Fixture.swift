import Manifest
import Testing

/// A manifest in which signs mark where the carets must point: « » around an error's token, ‹ › around a note's.
struct Fixture: CustomTestStringConvertible, Sendable {
  var name: String
  /// The text without the signs.
  var input: ManifestInput
  var errors: [Mark] = []
  var notes: [Mark] = []
  /// Whether a JSON Schema can judge it: the `# schema: yes` of its first line.
  var schemaJudges: Bool

  var testDescription: String { name }

  struct Mark: Equatable, Comparable, CustomStringConvertible {
    var line: Int
    var column: Int
    var endColumn: Int

    var description: String { "\(line):\(column)-\(endColumn)" }

    static func < (a: Mark, b: Mark) -> Bool { (a.line, a.column) < (b.line, b.column) }

    init(line: Int, column: Int, endColumn: Int) {
      (self.line, self.column, self.endColumn) = (line, column, endColumn)
    }

    init(_ range: SourceRange) {
      self.init(line: range.line, column: range.column, endColumn: range.endColumn)
    }
  }

  init(name: String, marked: [UInt8]) {
    self.name = name
    var bytes: [UInt8] = []
    var (line, column) = (1, 1)
    var open: Mark?
    var index = 0
    while index < marked.count {
      let rest = marked[index...]
      if rest.starts(with: "«".utf8) || rest.starts(with: "‹".utf8) {
        open = Mark(line: line, column: column, endColumn: column)
        index += rest.starts(with: "«".utf8) ? 2 : 3
        continue
      }
      if rest.starts(with: "»".utf8) || rest.starts(with: "›".utf8) {
        if var mark = open {
          mark.endColumn = column
          if rest.starts(with: "»".utf8) { errors.append(mark) } else { notes.append(mark) }
        }
        index += rest.starts(with: "»".utf8) ? 2 : 3
        continue
      }
      let byte = marked[index]
      bytes.append(byte)
      // A character begins with a byte that is no continuation; bytes that are not UTF-8 count as one.
      if byte == UInt8(ascii: "\n") {
        (line, column) = (line + 1, 1)
      } else if byte & 0xc0 != 0x80 {
        column += 1
      }
      index += 1
    }
    input = ManifestInput(path: name + ".yaml", bytes: bytes)
    schemaJudges = bytes.starts(with: "# schema: yes\n".utf8)
  }

  /// All fixtures of a folder, by name.
  static func all(in folder: String) throws -> [Fixture] {
    let path = TestFiles.fixtures(folder)
    return try ManifestNames.list(path).map { name in
      Fixture(name: String(name.dropLast(5)), marked: try TestFiles.read(path + "/" + name))
    }
  }
}
