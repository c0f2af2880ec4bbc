internal import CTrace
package import Patch

/// Writes into a process while a thread of it stands, where the process itself may not write.
package struct CodeWriter {
  /// How the kernel is asked.
  package enum Route: Equatable, Sendable {
    /// /proc/PID/mem: any number of bytes by one call, whole within a page.
    case memoryFile
    /// PTRACE_POKEDATA: eight bytes by one call, where `proc_mem.force_override` closes the first way.
    case words
  }

  package let route: Route
  private let tid: Int32

  /// Takes what is written through.
  ///
  /// `tid`: a thread of the process that stands, traced by the calling thread.
  package init(through tid: Int32, by route: Route) {
    self.tid = tid
    self.route = route
  }

  /// Writes some bytes.
  ///
  /// Through the memory file all bytes of one page arrive together. Word by word those arrive together that fit into one word
  /// (``fitsWord(_:at:)``).
  ///
  /// `memory`: of that process, opened for writing.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package func write(
    _ bytes: [UInt8], at address: RemoteAddress, in memory: borrowing RemoteMemory
  ) throws(MemoryAccessFailed) {
    switch route {
    case .memoryFile: try memory.write(bytes, at: address)
    case .words: try poke(bytes, at: address, of: memory.process)
    }
  }

  /// Whether so many bytes at a place are written by one word: the kernel copies it without being stopped.
  static func fitsWord(_ count: Int, at address: RemoteAddress) -> Bool {
    count <= 8 && address.value % 4096 + UInt64(count) <= 4096
  }

  /// Eight bytes at a time, the window moved down where it would reach into the next page.
  func poke(_ bytes: [UInt8], at address: RemoteAddress, of process: ProcessID) throws(MemoryAccessFailed) {
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
          operation: .poke, process: process, address: address, count: bytes.count, done: done, errno: error)
      }
      done += count
    }
  }
}
