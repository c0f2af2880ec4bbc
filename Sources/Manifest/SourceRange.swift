/// A stretch of one line of a file; lines and columns are counted from 1, columns in characters.
package struct SourceRange: Hashable, Sendable {
  package var file: String
  package var line: Int
  package var column: Int
  /// The column behind the last character; equal to ``column`` for a place between characters.
  package var endColumn: Int

  package init(file: String, line: Int, column: Int, endColumn: Int) {
    self.file = file
    self.line = line
    self.column = column
    self.endColumn = endColumn
  }
}

extension SourceRange: CustomStringConvertible {
  /// `file:line:column`.
  package var description: String { "\(file):\(line):\(column)" }
}

extension SourceRange: Comparable {
  package static func < (a: SourceRange, b: SourceRange) -> Bool {
    (a.file, a.line, a.column, a.endColumn) < (b.file, b.line, b.column, b.endColumn)
  }
}
