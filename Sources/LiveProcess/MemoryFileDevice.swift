internal import CTrace
internal import Glibc

/// The device that the kernel keeps the files of memfd_create(2) on: no file system that is mounted anywhere has it.
package struct MemoryFileDevice: Hashable, Sendable {
  package let major: UInt32
  package let minor: UInt32

  /// Finds it by making a memory file and closing it again.
  package static func current() throws(SystemCallFailed) -> MemoryFileDevice {
    var descriptor: Int32 = -1
    // SAFETY: the call writes one descriptor.
    let error = unsafe observe_memory_file(&descriptor)
    guard error == 0 else { throw SystemCallFailed(call: "memfd_create", errno: error) }
    let file = OwnedDescriptor(owning: descriptor)
    var status = observe_file()
    // SAFETY: the empty path means the descriptor itself (AT_EMPTY_PATH); the call writes one structure.
    let failure = unsafe observe_stat(file.value, "", Int32(OBSERVE_AT_EMPTY_PATH), &status)
    guard failure == 0 else { throw SystemCallFailed(call: "fstat", errno: failure) }
    // gnu_dev_major and gnu_dev_minor of sys/sysmacros.h, which are macros to Swift.
    let device = status.device
    return MemoryFileDevice(
      major: UInt32((device >> 8) & 0xfff) | UInt32((device >> 32) & 0xffff_f000),
      minor: UInt32(device & 0xff) | UInt32((device >> 12) & 0xffff_ff00))
  }
}
