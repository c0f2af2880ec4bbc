/// A system call that the kernel refused.
package struct SystemCallFailed: Error, Equatable, Sendable {
  /// The call's name.
  package let call: String
  /// The errno value.
  package let errno: Int32

  package init(call: String, errno: Int32) {
    self.call = call
    self.errno = errno
  }
}
