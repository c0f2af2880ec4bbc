/// What the stack check asks of a stopped process.
package protocol StackSource: WalkMemory {
  /// The mapping around an address as it is now; nil where nothing readable is mapped.
  func mapping(around address: UInt64) -> StackMapping?
  /// The highest word of the first thread's stack, `[stack]`, which grows downwards only; its arguments lie above.
  var mainStackTop: UInt64? { get }
  /// Reads many ranges in as few system calls as possible, one behind the other, into words from an index on.
  ///
  /// `ranges`: their bounds are multiples of eight, and the words have room for all of them.
  /// Returns for each range how many bytes were read, less than asked where a page could not be read.
  func read(_ ranges: [Range<UInt64>], into words: inout [UInt64], at first: Int) -> [Int]
}
