internal import CTrace
internal import Glibc

/// A process that is held by a pidfd: as long as this value lives, its number can be checked to be still its own.
package struct ProcessHandle: ~Copyable, Sendable {
  /// Which process it is.
  package let identity: ProcessIdentity
  private let descriptor: OwnedDescriptor

  /// Holds the process that has a number now.
  package init(_ process: ProcessID) throws(ProcessUnreadable) {
    var opened: Int32 = -1
    // SAFETY: the call writes one descriptor.
    let error = unsafe observe_pidfd_open(process.value, &opened)
    guard error == 0 else { throw ProcessUnreadable(errno: error, path: "pidfd_open") }
    let descriptor = OwnedDescriptor(owning: opened)
    let stat = try ProcessStat.read(process)
    // What ran when the pidfd was made and still runs is what the start time was read of.
    guard ProcessHandle.isRunning(descriptor.value) else { throw .gone }
    identity = ProcessIdentity(pid: process, startTime: stat.startTime)
    self.descriptor = descriptor
  }

  /// Holds a process that was seen before; throws `gone` when its number belongs to another one now.
  package init(_ identity: ProcessIdentity) throws(ProcessUnreadable) {
    let handle = try ProcessHandle(identity.pid)
    guard handle.identity == identity else { throw .gone }
    self = handle
  }

  /// Whether it has not ended; false as soon as it is a zombie.
  ///
  /// An exec does not end it.
  package var isRunning: Bool { ProcessHandle.isRunning(descriptor.value) }

  /// A pidfd becomes readable when its process ends (pidfd_open(2)).
  private static func isRunning(_ descriptor: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // SAFETY: one element, and it is told so.
    let count = unsafe poll(&polled, 1, 0)
    return count == 0
  }
}
