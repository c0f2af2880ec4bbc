package import Patch

/// Where in a process a thread can make a system call and return from a signal frame: existing instructions of its own code.
package struct RemoteCallSites: Equatable, Sendable {
  /// `syscall; ret`.
  package let call: RemoteAddress
  /// `mov $15,%eax; syscall`: rt_sigreturn, the restorer of the C library.
  package let restorer: RemoteAddress

  private static let callBytes: [UInt8] = [0x0f, 0x05, 0xc3]
  /// With and without a REX prefix.
  private static let restorerBytes: [[UInt8]] = [
    [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05],
    [0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05],
  ]

  /// Looks for both in code that no process unmaps: the C library, the dynamic linker, the vDSO, the executable.
  ///
  /// - Throws: ``TraceRefused/unsupported(_:)`` when one of them is nowhere.
  package static func find(
    in map: MemoryMap, memory: borrowing RemoteMemory
  ) throws(TraceRefused) -> RemoteCallSites {
    var call: RemoteAddress?
    var restorer: RemoteAddress?
    for mapping in candidates(map) {
      if call != nil && restorer != nil { break }
      let size = mapping.range.upperBound.value - mapping.range.lowerBound.value
      // Bounded: a C library or a vDSO is small, and of a huge executable the first part will do.
      guard let bytes = try? memory.read(Int(min(size, 64 << 20)), at: mapping.range.lowerBound) else { continue }
      let start = mapping.range.lowerBound
      if call == nil { call = first(callBytes, in: bytes).flatMap { start.advanced(by: $0) } }
      for pattern in restorerBytes where restorer == nil {
        restorer = first(pattern, in: bytes).flatMap { start.advanced(by: $0) }
      }
    }
    guard let call else { throw .unsupported("no `syscall; ret` in its C library, dynamic linker, vDSO or executable") }
    guard let restorer else { throw .unsupported("no `mov $15,%eax; syscall` in its C library or executable") }
    return RemoteCallSites(call: call, restorer: restorer)
  }

  private static func candidates(_ map: MemoryMap) -> [Mapping] {
    let code = map.mappings.filter { $0.permissions.contains([.read, .execute]) && !$0.permissions.contains(.shared) }
    let executable = map.mappings.first { $0.file != nil }?.path
    func isNamed(_ mapping: Mapping, _ prefixes: [String]) -> Bool {
      guard mapping.file != nil, let name = mapping.path.split(separator: "/").last else { return false }
      return prefixes.contains { name.hasPrefix($0) }
    }
    return code.filter { isNamed($0, ["libc.so", "libc-", "ld-musl", "libpthread"]) }
      + code.filter { $0.path == "[vdso]" } + code.filter { isNamed($0, ["ld-linux", "ld-2."]) }
      + code.filter { $0.file != nil && $0.path == executable }
  }

  private static func first(_ pattern: [UInt8], in bytes: [UInt8]) -> UInt64? {
    guard bytes.count >= pattern.count else { return nil }
    for start in 0...(bytes.count - pattern.count) where bytes[start] == pattern[0] {
      var length = 1
      while length < pattern.count && bytes[start + length] == pattern[length] { length += 1 }
      if length == pattern.count { return UInt64(start) }
    }
    return nil
  }
}
