internal import Patch

/// The word with which the C library mangles the pointers that it keeps for the exit and in a `jmp_buf`.
enum PointerGuard {
  /// `AT_RANDOM` of getauxval(3).
  private static let random: UInt64 = 25

  /// The second eight of the sixteen random bytes that the kernel gave the program, which glibc takes for it; nil where they
  /// cannot be read.
  static func read(_ process: ProcessID, _ memory: borrowing RemoteMemory) -> UInt64? {
    // Without it the words are compared as they stand.
    guard let vector = try? ProcessFile.read("auxv", of: process) else { return nil }
    for offset in stride(from: 0, to: vector.count - 15, by: 16) where vector.little(UInt64.self, at: offset) == random
    {
      guard let address = vector.little(UInt64.self, at: offset + 8), address < .max - 16 else { return nil }
      return try? memory.integer(UInt64.self, at: RemoteAddress(address + 8))
    }
    return nil
  }
}
