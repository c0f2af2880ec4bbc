internal import CTrace
internal import Glibc
internal import Patch

/// The stacks of a process as the kernel gives them, for one stop after another.
package final class LiveStackSource: StackSource {
  /// The most ranges of one call: `UIO_MAXIOV` (readv(2)).
  private static let batch = 1024

  private let process: ProcessID
  private let maps: OwnedDescriptor
  package let mainStackTop: UInt64?
  /// The mappings as read anew in this stop, where the kernel cannot be asked for one (before Linux 6.11).
  private var map: MemoryMap?

  /// Opens what is needed to look at the process's stacks.
  ///
  /// `map`: its mappings, as read before the stop.
  package init(_ process: ProcessID, map: MemoryMap) throws(ProcessUnreadable) {
    self.process = process
    let path = "/proc/\(process)/maps"
    do throws(SystemCallFailed) {
      maps = try OwnedDescriptor(opening: path, flags: O_RDONLY)
    } catch {
      throw ProcessUnreadable(errno: error.errno, path: path)
    }
    mainStackTop = map.mappings.last { $0.path == "[stack]" }.map { stack in
      let start = ThreadStatus.startStack(process.value) ?? 0
      return (stack.range.contains(RemoteAddress(start)) ? start & ~7 : stack.range.upperBound.value) - 8
    }
  }

  /// Forgets what was learnt in an earlier stop.
  package func beginStop() { map = nil }

  package func mapping(around address: UInt64) -> StackMapping? {
    var query = observe_procmap_query()
    query.size = UInt64(MemoryLayout<observe_procmap_query>.size)
    query.query_flags = UInt64(OBSERVE_VMA_READABLE)
    query.query_addr = address
    // SAFETY: the query is a value of this frame; it asks for neither name nor build-id, so nothing else is written.
    let error = unsafe observe_procmap_query(maps.value, &query)
    if error == 0 {
      return stack(around: address, query.vma_start..<query.vma_end, isAnonymous: query.inode == 0)
    }
    if error == ENOENT { return nil }
    // ENOTTY: an older kernel. Then the whole file is read, once in a stop.
    // A map that cannot be read is none: the stack counts as unknown.
    if map == nil { map = try? MemoryMap.read(process) }
    guard let found = map?.mapping(at: RemoteAddress(address)), found.permissions.contains(.read) else { return nil }
    return stack(
      around: address, found.range.lowerBound.value..<found.range.upperBound.value, isAnonymous: found.file == nil)
  }

  /// Nothing above the first thread's first frame is part of a stack.
  private func stack(around address: UInt64, _ range: Range<UInt64>, isAnonymous: Bool) -> StackMapping {
    guard let mainStackTop, address <= mainStackTop, range.contains(mainStackTop) else {
      return StackMapping(range: range, isAnonymous: isAnonymous)
    }
    return StackMapping(range: range.lowerBound..<mainStackTop + 8, isAnonymous: isAnonymous)
  }

  package func read(_ ranges: [Range<UInt64>], into words: inout [UInt64], at first: Int) -> [Int] {
    var done = [Int](repeating: 0, count: ranges.count)
    var next = 0
    var word = first
    while next < ranges.count {
      let count = min(ranges.count - next, Self.batch)
      let bytes = ranges[next..<next + count].reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) }
      guard word >= 0, word * 8 + bytes <= words.count * 8 else { return done }
      var total = 0
      var error: Int32 = 0
      if bytes > 0 {
        // SAFETY: remote addresses are numbers to the kernel; they are never followed here.
        let remote = unsafe ranges[next..<next + count].map { range in
          unsafe iovec(
            iov_base: UnsafeMutableRawPointer(bitPattern: UInt(range.lowerBound)),
            iov_len: Int(range.upperBound - range.lowerBound))
        }
        // SAFETY: the guard keeps the destination inside the words, which live for the call.
        error = unsafe words.withUnsafeMutableBytes { buffer in
          var local = unsafe iovec(iov_base: buffer.baseAddress.map { unsafe $0 + word * 8 }, iov_len: bytes)
          return unsafe observe_process_readv(process.value, &local, 1, remote, remote.count, &total)
        }
      }
      if error != 0 { total = 0 }
      // The kernel fills them in order and stops at the first page that it cannot read.
      var index = next
      while index < next + count {
        let size = Int(ranges[index].upperBound - ranges[index].lowerBound)
        done[index] = min(size, total)
        total -= done[index]
        word += size
        index += 1
        if done[index - 1] < size { break }
      }
      next = index
    }
    return done
  }

  package func word(at address: UInt64) -> UInt64? {
    var word: UInt64 = 0
    var done = 0
    var remote = unsafe iovec(iov_base: UnsafeMutableRawPointer(bitPattern: UInt(address)), iov_len: 8)
    // SAFETY: the destination is a word of this frame; the remote address is a number to the kernel.
    let error = unsafe withUnsafeMutableBytes(of: &word) { buffer in
      var local = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
      return unsafe observe_process_readv(process.value, &local, 1, &remote, 1, &done)
    }
    return error == 0 && done == 8 ? word : nil
  }
}
