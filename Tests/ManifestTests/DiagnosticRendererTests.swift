import Manifest
import Testing

@Suite("A diagnostic is shown with its caret in place")
struct DiagnosticRendererTests {
  private static func diagnostic(_ line: String, _ column: Int, _ end: Int) -> Diagnostic {
    Diagnostic(
      .error, "LP0103", at: SourceRange(file: "m.yaml", line: 7, column: column, endColumn: end), "wrong",
      hint: "write right", sourceLine: line)
  }

  @Test("Tabs stay tabs and wide characters take two columns")
  func columns() {
    #expect(
      DiagnosticRenderer().render(Self.diagnostic("\ta: 日本x", 7, 8))
        == """
        m.yaml:7:7: error: wrong [LP0103]
            7 | \ta: 日本x
              | \t       ^ write right

        """)
    #expect(DiagnosticRenderer().render(Self.diagnostic("e\u{301}: 日本", 5, 7)).hasSuffix(" |    ^~~~ write right\n"))
  }

  @Test("Escape codes are written with colour only, and never those of the manifest")
  func colour() {
    let diagnostic = Self.diagnostic("a: \u{1b}[31mred\u{202e}", 4, 5)
    let plain = DiagnosticRenderer().render(diagnostic)
    #expect(!plain.contains("\u{1b}"))
    #expect(!plain.contains("\u{202e}"))
    let coloured = DiagnosticRenderer(colour: true).render(diagnostic)
    #expect(coloured.contains("\u{1b}[1;31m"))
    #expect(!coloured.contains("\u{1b}[31m"))
  }

  @Test("Of a long line the part around the caret is shown")
  func longLine() {
    let line = String(repeating: "a", count: 100_000) + "XY" + String(repeating: "b", count: 100_000)
    let lines = DiagnosticRenderer().render(Self.diagnostic(line, 100_001, 100_003)).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.count < 200 })
    let caret = lines[2].firstIndex(of: "^").map { lines[2].distance(from: lines[2].startIndex, to: $0) }
    let token = lines[1].firstIndex(of: "X").map { lines[1].distance(from: lines[1].startIndex, to: $0) }
    #expect(caret != nil && caret == token)
  }
}
