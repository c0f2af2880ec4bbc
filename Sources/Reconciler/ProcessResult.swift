/// What became of a process, as `apply` and `revert` name it: exactly one word each.
package enum ProcessResult: String, CaseIterable, Codable, Sendable {
  /// There was nothing to do.
  case converged
  /// It was changed and confirmed.
  case changed
  /// It was left as it was, and trying later may help.
  case busy
  /// It was left as it was, and trying later does not help.
  case refused
  /// Something went wrong: what was asked for is not what is there now.
  case failed
  case notCovered, unmanaged, unreadable
  /// It ended in between: not a failure.
  case gone

  /// The word for people.
  package var word: String { self == .notCovered ? "not covered" : rawValue }
}
