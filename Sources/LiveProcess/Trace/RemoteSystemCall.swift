/// A system call that a thread of the target is to make: its number on x86-64, and its arguments as far as they are known
/// before (a seccomp filter may look at them).
package struct RemoteSystemCall: Equatable, Sendable {
  package let number: Int
  /// Six; nil where the value is not known yet.
  package let arguments: [UInt64?]
  package init(_ number: Int, _ arguments: [UInt64?] = []) {
    self.number = number
    self.arguments = Array((arguments + [nil, nil, nil, nil, nil, nil]).prefix(6))
  }
}
