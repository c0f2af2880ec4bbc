/// A mapping that a stack may lie in.
package struct StackMapping: Equatable, Sendable {
  package var range: Range<UInt64>
  /// Whether it is memory of no file, as stacks are.
  package var isAnonymous: Bool

  package init(range: Range<UInt64>, isAnonymous: Bool) {
    self.range = range
    self.isAnonymous = isAnonymous
  }
}
