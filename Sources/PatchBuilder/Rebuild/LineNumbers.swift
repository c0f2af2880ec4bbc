/// Gives the lines behind each change the numbers that they had before it, so that a function which only moved compiles to
/// the same code, `__LINE__` included.
enum LineNumbers {
  /// The changed file with `#line` directives.
  ///
  /// `now`: the file's text.
  /// `hunks`: where they differ, from `diff -U0`.
  static func restored(in now: String, hunks: String) -> String {
    var lines = now.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    // From the last to the first, so that positions stay what the hunks say.
    for (old, new) in ranges(in: hunks).reversed() {
      var at = new.upperBound
      // No directive may break a line that goes on.
      while at > 0, at < lines.count, lines[at - 1].hasSuffix("\\") { at += 1 }
      guard at < lines.count, old.upperBound != new.upperBound else { continue }
      lines.insert("#line \(old.upperBound + at - new.upperBound + 1)", at: at)
    }
    return lines.joined(separator: "\n")
  }

  /// The lines of each hunk before and now, counted from 0: `@@ -a,b +c,d @@`.
  private static func ranges(in hunks: String) -> [(Range<Int>, Range<Int>)] {
    hunks.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("@@ -") else { return nil }
      let parts = line.dropFirst(4).split(separator: " ")
      guard parts.count >= 2, let old = range(parts[0]), let new = range(parts[1].dropFirst()) else { return nil }
      return (old, new)
    }
  }

  private static func range(_ text: some StringProtocol) -> Range<Int>? {
    let numbers = text.split(separator: ",").map { Int($0) }
    guard let first = numbers.first, let start = first else { return nil }
    let count = numbers.count > 1 ? numbers[1] ?? 0 : 1
    // An empty hunk stands behind its line.
    let begin = count == 0 ? start : start - 1
    return begin >= 0 && count >= 0 ? begin..<(begin + count) : nil
  }
}
