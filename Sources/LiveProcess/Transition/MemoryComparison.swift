internal import CTrace
internal import Glibc
internal import Patch

/// Whether some of a process's memory is still what it was: one system call for all of it, in a stop.
@safe struct MemoryComparison {
  private let process: ProcessID
  private let expected: MemoryImage
  private let ranges: [iovec]
  private let size: Int

  /// The most ranges of one call: `UIO_MAXIOV` (readv(2)).
  private static let mostRanges = 1024

  init(_ expected: MemoryImage, of process: ProcessID) {
    self.process = process
    self.expected = expected
    // SAFETY: remote addresses are numbers to the kernel; they are never followed here.
    unsafe ranges = expected.spans.map { span in
      unsafe iovec(iov_base: UnsafeMutableRawPointer(bitPattern: UInt(span.start.value)), iov_len: span.bytes.count)
    }
    size = expected.spans.reduce(0) { $0 + $1.bytes.count }
  }

  /// Compares; the process stands, so that its number is its own.
  ///
  /// What this call cannot read (code that may be executed and not read) is read through the memory file, range by range.
  func holds(_ memory: borrowing RemoteMemory) throws(MemoryAccessFailed) -> Bool {
    let atOnce: Bool? = unsafe withUnsafeTemporaryAllocation(byteCount: max(size, 1), alignment: 8) { buffer in
      guard unsafe !ranges.isEmpty && ranges.count <= Self.mostRanges else { return nil }
      var local = unsafe iovec(iov_base: buffer.baseAddress, iov_len: size)
      var done = 0
      // SAFETY: the buffer holds the sum of all ranges, and only what was written to it is compared.
      let error = unsafe observe_process_readv(process.value, &local, 1, ranges, ranges.count, &done)
      guard error == 0, done == size else { return nil }
      var first = 0
      for span in expected.spans {
        let found = unsafe UnsafeRawBufferPointer(rebasing: buffer[first..<first + span.bytes.count])
        guard unsafe found.elementsEqual(span.bytes) else { return false }
        first += span.bytes.count
      }
      return true
    }
    if let atOnce { return atOnce }
    for span in expected.spans {
      guard try memory.read(span.bytes.count, at: span.start) == span.bytes else { return false }
    }
    return true
  }
}
