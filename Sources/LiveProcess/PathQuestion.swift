internal import Glibc

/// Which mapped paths a scan looks for, decided once for each path: most processes map the same few hundred files.
struct PathQuestion {
  private let patterns: [String]
  private let canonical: [String]
  private var decided: [UInt64: (path: [UInt8], matches: Bool)] = [:]

  /// - Parameters:
  ///   - patterns: paths and globs.
  ///   - canonical: where symbolic links lead some of them: paths that stand for themselves.
  init(_ patterns: [String], canonical: [String] = []) {
    self.patterns = patterns
    self.canonical = canonical
  }

  /// Whether a path as the kernel names it, with or without ` (deleted)`, is meant.
  mutating func matches(_ path: UnsafeRawBufferPointer) -> Bool {
    if patterns.isEmpty { return false }
    // FNV-1a; a clash of two paths is found out by comparing them, and decided anew.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    // SAFETY: the index stays within the buffer.
    for index in 0..<path.count { hash = (hash ^ UInt64(unsafe path[index])) &* 0x100_0000_01b3 }
    if let known = decided[hash], unsafe known.path.elementsEqual(path) { return known.matches }
    let bytes = unsafe Array(path)
    let result = decide(String(decoding: bytes, as: UTF8.self))
    decided[hash] = (bytes, result)
    return result
  }

  /// Whether a path without ` (deleted)` is meant; the same, slowly.
  func decide(_ text: String) -> Bool {
    let deleted = " (deleted)"
    let bare = text.hasSuffix(deleted) ? String(text.dropLast(deleted.count)) : text
    if canonical.contains(bare) || canonical.contains(text) { return true }
    return patterns.contains { pattern in
      // SAFETY: fnmatch reads two terminated strings that live for the call.
      [text, bare].contains { unsafe $0 == pattern || fnmatch(pattern, $0, FNM_PATHNAME) == 0 }
    }
  }
}
