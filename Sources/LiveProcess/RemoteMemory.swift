internal import CTrace
internal import Glibc
package import Patch

/// The memory of one process, through `/proc/PID/mem`.
///
/// The descriptor belongs to the address space that the process had when it was opened: after an exec, or when the
/// number has been given to another process, it reads nothing rather than something else. Writes reach read-only
/// mappings too (`FOLL_FORCE`), except where `proc_mem.force_override` forbids it: there ``CodeWriter`` has another way.
package struct RemoteMemory: ~Copyable, Sendable {
  /// Whose memory it is.
  package let process: ProcessID
  private let descriptor: OwnedDescriptor

  /// Opens the memory of a process.
  ///
  /// `process`: its number; who must not mistake it for a later process compares identities after opening.
  /// `forWriting`: whether ``write(_:at:)`` will be called.
  package init(of process: ProcessID, forWriting: Bool = false) throws(ProcessUnreadable) {
    self.process = process
    let path = "/proc/\(process)/mem"
    do throws(SystemCallFailed) {
      descriptor = try OwnedDescriptor(opening: path, flags: forWriting ? O_RDWR : O_RDONLY)
    } catch {
      throw ProcessUnreadable(errno: error.errno, path: path)
    }
  }

  /// Reads exactly some bytes.
  ///
  /// - Throws: ``MemoryAccessFailed``, of which a short read is one kind: what lies behind the first bytes is not mapped.
  package func read(_ count: Int, at address: RemoteAddress) throws(MemoryAccessFailed) -> [UInt8] {
    guard count > 0 else { return [] }
    var failure: MemoryAccessFailed?
    // SAFETY: `fill` writes at most the buffer's size, of a trivial type, and says how many bytes it wrote.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      (initialized, failure) = unsafe fill(UnsafeMutableRawBufferPointer(buffer), at: address)
    }
    if let failure { throw failure }
    return bytes
  }

  /// Reads one integer in the byte order of x86-64.
  package func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self, at address: RemoteAddress
  ) throws(MemoryAccessFailed) -> T {
    var value = T.zero
    // SAFETY: the buffer covers the integer's own bytes, of which every pattern is a value.
    let failure = unsafe withUnsafeMutableBytes(of: &value) { unsafe fill($0, at: address).1 }
    if let failure { throw failure }
    return T(littleEndian: value)
  }

  /// Writes exactly some bytes by one system call.
  ///
  /// A write within one page is whole even when this process is killed in it; one across pages may not be.
  ///
  /// - Throws: ``MemoryAccessFailed``; after a short write the first bytes have been written.
  package func write(_ bytes: [UInt8], at address: RemoteAddress) throws(MemoryAccessFailed) {
    guard !bytes.isEmpty else { return }
    while true {
      var done = 0
      // SAFETY: the count is that of the array, which lives for the call.
      let error = unsafe observe_pwrite(descriptor.value, bytes, bytes.count, address.value, &done)
      if error == EINTR { continue }
      guard error == 0, done == bytes.count else {
        throw MemoryAccessFailed(
          operation: .write, process: process, address: address, count: bytes.count, done: done, errno: error)
      }
      return
    }
  }

  /// Whether the address space that was opened is still in use; false after an exec or the end of the process.
  ///
  /// `known`: an address that was readable before.
  package func isAlive(known: RemoteAddress) -> Bool {
    var byte: UInt8 = 0
    // SAFETY: the buffer covers one byte.
    return unsafe withUnsafeMutableBytes(of: &byte) { unsafe fill($0, at: known).1 == nil }
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer, at address: RemoteAddress) -> (Int, MemoryAccessFailed?) {
    guard let start = buffer.baseAddress else { return (0, nil) }
    while true {
      var done = 0
      // SAFETY: the count is that of the buffer.
      let error = unsafe observe_pread(descriptor.value, start, buffer.count, address.value, &done)
      if error == EINTR { continue }
      if error == 0 && done == buffer.count { return (done, nil) }
      let failure = MemoryAccessFailed(
        operation: .read, process: process, address: address, count: buffer.count, done: done, errno: error)
      return (done, failure)
    }
  }
}
