/// Gives the lines behind each change the numbers that they had before it, so that a function which only moved compiles to
/// the same code, `__LINE__` included.
enum LineNumbers {
  /// The changed file with `#line` directives.
  ///
  /// `now`: the file's text.
  /// `hunks`: where they differ, from `diff -U0`.
  static func restored(in now: String, hunks: String) -> String {
    // By bytes: for a `String` a carriage return and a line feed are one character.
    var lines = now.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
    let isInComment = areInComments(lines)
    // From the last to the first, so that positions stay what the hunks say.
    for (old, new) in ranges(in: hunks).reversed() {
      var at = new.upperBound
      // No directive may break a line that goes on, and none is one within a comment.
      while at > 0, at < lines.count, goesOn(lines[at - 1]) || isInComment[at] { at += 1 }
      guard at < lines.count, old.upperBound != new.upperBound else { continue }
      lines.insert(Array("#line \(old.upperBound + at - new.upperBound + 1)".utf8), at: at)
    }
    return lines.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
  }

  /// The lines of the changed file that differ, counted from 1; where some are gone, those around them.
  static func changed(hunks: String) -> [ClosedRange<Int>] {
    ranges(in: hunks).map { _, new in
      new.isEmpty ? new.lowerBound...(new.lowerBound + 1) : (new.lowerBound + 1)...new.upperBound
    }
  }

  private static func goesOn(_ line: [UInt8]) -> Bool {
    let isBeforeReturn = line.last == UInt8(ascii: "\r")
    return (isBeforeReturn ? line.dropLast() : line[...]).last == UInt8(ascii: "\\")
  }

  /// For each line whether it begins within a comment (C17, 6.4.9).
  private static func areInComments(_ lines: [[UInt8]]) -> [Bool] {
    let (slash, star) = (UInt8(ascii: "/"), UInt8(ascii: "*"))
    var found: [Bool] = []
    var isInComment = false
    for line in lines {
      found.append(isInComment)
      var quote: UInt8?
      var at = 0
      while at < line.count {
        let (byte, next) = (line[at], at + 1 < line.count ? line[at + 1] : 0)
        if isInComment {
          if byte == star && next == slash { (isInComment, at) = (false, at + 1) }
        } else if let open = quote {
          if byte == UInt8(ascii: "\\") { at += 1 } else if byte == open { quote = nil }
        } else if byte == slash && next == star {
          (isInComment, at) = (true, at + 1)
        } else if byte == slash && next == slash {
          break
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
          quote = byte
        }
        at += 1
      }
    }
    return found
  }

  /// The lines of each hunk before and now, counted from 0: `@@ -a,b +c,d @@`.
  private static func ranges(in hunks: String) -> [(Range<Int>, Range<Int>)] {
    hunks.utf8.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }.compactMap { line in
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
