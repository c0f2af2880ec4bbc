/// Finds what somebody who misspelt a word most likely meant.
enum NearMiss {
  /// The nearest of the candidates; nil when none is near.
  ///
  /// Of two equally near ones the first wins.
  static func suggestion(for word: String, among candidates: [String]) -> String? {
    guard word.unicodeScalars.count <= 64 else { return nil }
    let folded = fold(word)
    if let same = candidates.first(where: { fold($0) == folded }) { return same }
    let allowed = max(1, min(3, word.unicodeScalars.count / 3))
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let found = distance(Array(folded.unicodeScalars), Array(fold(candidate).unicodeScalars))
      if found <= allowed, found < best?.distance ?? Int.max { best = (candidate, found) }
    }
    return best?.candidate
  }

  /// Lower case, without the signs that join words: `build_id` and `Build-ID` are `buildId`.
  private static func fold(_ word: String) -> String {
    word.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
  }

  /// How many characters must be put in, left out, replaced or swapped with their neighbour (optimal string alignment).
  static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var rows = [Array(0...b.count)]
    for (i, left) in a.enumerated() {
      var row = [i + 1]
      for (j, right) in b.enumerated() {
        var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left == right ? 0 : 1))
        if i > 0, j > 0, left == b[j - 1], a[i - 1] == right { cost = min(cost, rows[i - 1][j - 1] + 1) }
        row.append(cost)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
