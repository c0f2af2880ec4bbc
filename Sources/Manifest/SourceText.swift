/// The text of one file, with the places of its lines.
///
/// A place is an index into ``scalars``, the characters without a byte order mark: what libyaml counts in its marks.
struct SourceText {
  /// What a manifest may have at most, in bytes.
  static let maximumBytes = 1 << 20

  let path: String
  let scalars: [Unicode.Scalar]
  /// Where bytes that are not UTF-8 stood; a U+FFFD is in their place.
  let invalid: [Int]
  private let lineStarts: [Int]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    var scalars: [Unicode.Scalar] = []
    var invalid: [Int] = []
    var lineStarts = [0]
    scalars.reserveCapacity(bytes.count)
    var parser = Unicode.UTF8.ForwardParser()
    let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
    var rest = bytes.dropFirst(bytes.starts(with: byteOrderMark) ? 3 : 0).makeIterator()
    decoding: while true {
      let scalar: Unicode.Scalar
      switch parser.parseScalar(from: &rest) {
      case .valid(let encoded): scalar = Unicode.UTF8.decode(encoded)
      case .error:
        invalid.append(scalars.count)
        scalar = "\u{fffd}"
      case .emptyInput: break decoding
      }
      // A line ends with LF, CR or both, as in YAML 1.2.
      if scalar == "\n", scalars.last == "\r" { lineStarts.removeLast() }
      scalars.append(scalar)
      if scalar == "\n" || scalar == "\r" { lineStarts.append(scalars.count) }
    }
    self.scalars = scalars
    self.invalid = invalid
    self.lineStarts = lineStarts
  }

  /// The index of the line that holds a place, from 0.
  func lineIndex(of place: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= place { low = middle } else { high = middle }
    }
    return low
  }

  /// A line's characters without its line break.
  func line(_ index: Int) -> Range<Int> {
    let start = lineStarts[index]
    var end = index + 1 < lineStarts.count ? lineStarts[index + 1] : scalars.count
    while end > start, scalars[end - 1] == "\n" || scalars[end - 1] == "\r" { end -= 1 }
    return start..<end
  }

  /// The place of a token: its part in the line in which it begins.
  func sourceRange(_ token: Range<Int>) -> SourceRange {
    let index = lineIndex(of: min(token.lowerBound, scalars.count))
    let line = line(index)
    let start = min(token.lowerBound, line.upperBound)
    var end = min(max(token.upperBound, start), line.upperBound)
    if end < token.upperBound {
      while end > start, scalars[end - 1] == " " || scalars[end - 1] == "\t" { end -= 1 }
    }
    return SourceRange(
      file: path, line: index + 1, column: start - line.lowerBound + 1, endColumn: end - line.lowerBound + 1)
  }

  /// The characters of a range as text.
  func text(_ range: Range<Int>) -> String {
    String(String.UnicodeScalarView(scalars[range]))
  }
}
