/// A part of a thread's stack that is to be looked through.
struct StackStretch {
  /// The thread's index.
  var thread: Int
  /// Its bounds are multiples of eight.
  var range: Range<UInt64>
  /// Whether it is the whole rest of the stack, not cut off by a limit.
  var isComplete: Bool
}
