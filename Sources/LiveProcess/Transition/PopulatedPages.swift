internal import CTrace
internal import Glibc
internal import Patch

/// Which pages of a process hold anything, asked of the kernel without touching a page: reading one that is not there
/// would make the process larger.
///
/// Of a private mapping those that are no longer the file's; of a shared one those that the process has touched.
package struct PopulatedPages: ~Copyable {
  package static let pageSize: UInt64 = 4096
  private let pagemap: OwnedDescriptor
  private let asksPageByPage: Bool

  /// Opens the map of a process's pages.
  ///
  /// `asksPageByPage`: the way of kernels before 6.7, which takes 8 bytes of answer for each page.
  package init(of process: ProcessID, asksPageByPage: Bool = false) throws(ProcessUnreadable) {
    let path = "/proc/\(process)/pagemap"
    do throws(SystemCallFailed) { pagemap = try OwnedDescriptor(opening: path, flags: O_RDONLY) } catch {
      throw ProcessUnreadable(errno: error.errno, path: path)
    }
    self.asksPageByPage = asksPageByPage
  }

  /// The stretches of a mapping that hold something; the errno value when the kernel does not say.
  package func stretches(of mapping: Mapping) throws(SystemCallFailed) -> [Range<UInt64>] {
    let range = mapping.range.lowerBound.value..<mapping.range.upperBound.value
    let isShared = mapping.permissions.contains(.shared)
    guard !asksPageByPage, let found = try scan(range, isShared: isShared) else {
      return try readEach(range, isShared: isShared)
    }
    return found
  }

  /// In one call for many; nil where the kernel does not know it.
  private func scan(_ range: Range<UInt64>, isShared: Bool) throws(SystemCallFailed) -> [Range<UInt64>]? {
    var found: [Range<UInt64>] = []
    var regions = [observe_page_region](repeating: observe_page_region(), count: 512)
    var start = range.lowerBound
    while start < range.upperBound {
      var question = observe_pagemap_scan()
      question.size = UInt64(MemoryLayout<observe_pagemap_scan>.size)
      question.start = start
      question.end = range.upperBound
      question.region_count = UInt64(regions.count)
      // A page of zeroes that the kernel lends holds nothing; one of the file's is as it was in the file.
      let excluded = UInt64(OBSERVE_PAGE_IS_ZERO) | (isShared ? 0 : UInt64(OBSERVE_PAGE_IS_FILE))
      question.category_inverted = excluded
      question.category_mask = excluded
      question.category_anyof_mask = UInt64(OBSERVE_PAGE_IS_PRESENT | OBSERVE_PAGE_IS_SWAPPED)
      question.return_mask = UInt64(OBSERVE_PAGE_IS_PRESENT)
      var count = 0
      // SAFETY: the kernel writes at most as many regions as the array has; both live for the call.
      let error = unsafe regions.withUnsafeMutableBufferPointer { buffer in
        question.regions = UInt64(UInt(bitPattern: buffer.baseAddress))
        return unsafe observe_pagemap_scan(pagemap.value, &question, &count)
      }
      if error == ENOTTY { return nil }
      guard error == 0, question.walk_end > start else { throw SystemCallFailed(call: "PAGEMAP_SCAN", errno: error) }
      for region in regions.prefix(count) { append(region.start, region.end, to: &found) }
      start = question.walk_end
    }
    return found
  }

  /// By the eight bytes for each page (Documentation/admin-guide/mm/pagemap.rst).
  private func readEach(_ range: Range<UInt64>, isShared: Bool) throws(SystemCallFailed) -> [Range<UInt64>] {
    var found: [Range<UInt64>] = []
    var entries = [UInt64](repeating: 0, count: 65536)
    var page = range.lowerBound / Self.pageSize
    let end = range.upperBound / Self.pageSize
    while page < end {
      let wanted = Int(min(UInt64(entries.count), end - page))
      var done = 0
      // SAFETY: at most `wanted` words are written, and the array has as many.
      let error = unsafe entries.withUnsafeMutableBytes {
        unsafe $0.baseAddress.map { unsafe observe_pread(pagemap.value, $0, wanted * 8, page * 8, &done) } ?? EINVAL
      }
      guard error == 0, done >= 8 else { throw SystemCallFailed(call: "read(pagemap)", errno: error) }
      for (index, entry) in entries.prefix(done / 8).enumerated() {
        // Bit 63: present; 62: swapped; 61: of a file, or shared.
        guard entry >> 62 != 0, isShared || entry & 1 << 61 == 0 else { continue }
        let start = (page + UInt64(index)) * Self.pageSize
        append(start, start + Self.pageSize, to: &found)
      }
      page += UInt64(done / 8)
    }
    return found
  }

  private func append(_ start: UInt64, _ end: UInt64, to found: inout [Range<UInt64>]) {
    if let last = found.last, last.upperBound == start {
      found[found.count - 1] = last.lowerBound..<end
    } else {
      found.append(start..<end)
    }
  }
}
