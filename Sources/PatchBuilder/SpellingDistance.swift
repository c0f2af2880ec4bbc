/// How far two spellings are apart.
enum SpellingDistance {
  /// The number of insertions, deletions and changes of one byte that lead from one to the other (Levenshtein); nil when it
  /// is over a limit.
  static func between(_ a: String, _ b: String, limit: Int) -> Int? {
    let a = Array(a.utf8)
    let b = Array(b.utf8)
    guard abs(a.count - b.count) <= limit else { return nil }
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var diagonal = row[0]
      row[0] = i + 1
      var least = row[0]
      for j in 0..<b.count {
        let next = min(row[j + 1] + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
        least = min(least, next)
      }
      if least > limit { return nil }
    }
    return row[b.count] <= limit ? row[b.count] : nil
  }
}
