package import Patch

/// Where in a process a thread can make a system call and return from a signal frame: existing instructions of its own code.
package struct RemoteCallSites: Equatable, Sendable {
  /// `syscall; ret`.
  package let call: RemoteAddress
  /// `mov $15,%eax; syscall`: rt_sigreturn, glibc's restorer.
  package let restorer: RemoteAddress
}
