internal import CTrace
internal import Glibc
package import Patch

/// Writes into a stopped process, read-only pages included.
package struct CodeWriter: ~Copyable {
  /// How the kernel is asked.
  package enum Route: Equatable, Sendable {
    /// /proc/PID/mem: any number of bytes by one call, whole within a page.
    case memoryFile
    /// PTRACE_POKEDATA: eight bytes by one call, where `proc_mem.force_override` closes the first way.
    case words
  }

  /// The way in use; the first refusal of the memory file changes it.
  package private(set) var route: Route
  private let memory: RemoteMemory
  private let tid: Int32

  /// Takes the memory that is written through.
  ///
  /// `memory`: opened for writing.
  /// `tid`: a thread of the process that stands, traced by the calling thread.
  package init(_ memory: consuming RemoteMemory, through tid: Int32, route: Route = .memoryFile) {
    self.memory = memory
    self.tid = tid
    self.route = route
  }

  /// Writes some bytes.
  ///
  /// Through the memory file all bytes of one page arrive together. Word by word those of one place do, if it has at most eight
  /// bytes and crosses no page; a page's places arrive one after the other.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func write(_ bytes: [UInt8], at address: RemoteAddress) throws(MemoryAccessFailed) {
    if route == .memoryFile {
      do throws(MemoryAccessFailed) {
        return try memory.write(bytes, at: address)
      } catch  where error.done == 0 && (error.errno == EIO || error.errno == EPERM || error.errno == EACCES) {
        // The kernel closes this way for read-only pages; whether the address is bad shows in the other.
        route = .words
        do throws(MemoryAccessFailed) { return try poke(bytes, at: address) } catch {
          route = .memoryFile
          throw error
        }
      }
    }
    try poke(bytes, at: address)
  }

  /// Eight bytes at a time, the window moved down where it would reach into the next page.
  private func poke(_ bytes: [UInt8], at address: RemoteAddress) throws(MemoryAccessFailed) {
    var done = 0
    while done < bytes.count {
      let place = address.value &+ UInt64(done)
      let page = place & ~4095
      let window = min(place, page + 4096 - 8)
      let skip = Int(place - window)
      let count = min(8 - skip, bytes.count - done)
      var word: UInt64 = 0
      // SAFETY: the wrapper writes one word.
      var error = unsafe trace_peek_word(tid, window, &word)
      if error == 0 {
        for index in 0..<count {
          let shift = UInt64(8 * (skip + index))
          word = word & ~(0xff << shift) | UInt64(bytes[done + index]) << shift
        }
        error = trace_poke_word(tid, window, word)
      }
      guard error == 0 else {
        throw MemoryAccessFailed(
          operation: .write, process: memory.process, address: address, count: bytes.count, done: done, errno: error)
      }
      done += count
    }
  }
}
