/// What a stack walk reads: the words of a stopped process.
package protocol WalkMemory {
  /// The eight bytes at an address, little-endian; nil where nothing can be read.
  func word(at address: UInt64) -> UInt64?
}
