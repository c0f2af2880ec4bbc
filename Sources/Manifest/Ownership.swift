/// Finds builds that two documents own.
struct Ownership {
  /// A document's claim on a build.
  struct Claim {
    var binary: String
    var buildID: String
    /// The place of the build-id, as an error and as a note.
    var error: Diagnostic
    var note: Diagnostic
  }

  private var claims: [String: [Claim]] = [:]

  /// Takes a claim; the error when another document has made it before.
  mutating func take(_ claim: Claim) -> Diagnostic? {
    let others = claims[claim.buildID] ?? []
    claims[claim.buildID] = others + [claim]
    guard let other = others.first(where: { Ownership.overlap($0.binary, claim.binary) }) else { return nil }
    var error = claim.error
    error.notes = [other.note]
    return error
  }

  /// Whether there may be a file that both paths or patterns mean.
  private static func overlap(_ a: String, _ b: String) -> Bool {
    if a == b { return true }
    guard let first = try? Glob(a, slashes: .literal), let second = try? Glob(b, slashes: .literal) else {
      // A pattern that is malformed has been reported.
      return false
    }
    if first.isLiteral { return second.matches(a) }
    if second.isLiteral { return first.matches(b) }
    return first.intersects(second)
  }
}
