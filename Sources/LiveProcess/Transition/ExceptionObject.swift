internal import Patch

/// What a C++ exception keeps of its last handler: its action record, its table and its landing pad (`__cxa_exception`; Itanium C++
/// ABI, "Exception Handling", 2.2.1).
///
/// The runtime reads them between finding a handler and entering it, and then that handler's frame is on the thread's stack. After
/// that they are leftovers, in memory that was given back or in an exception that lives on; thrown again, it is given others.
enum ExceptionObject {
  /// How far the three words lie before the unwinder's header, in bytes.
  private static let handlerWords: [UInt64] = [32, 24, 16]
  /// The header's first word: `GNUCC++` and the kind, an exception or a reference to one.
  private static let classes: Set<UInt64> = [0x474e_5543_432b_2b00, 0x474e_5543_432b_2b01]

  /// Whether a word is one of the three.
  static func keeps(_ word: RemoteAddress, _ memory: borrowing RemoteMemory) -> Bool {
    handlerWords.contains { distance in
      guard let place = word.advanced(by: distance), let header = try? memory.integer(UInt64.self, at: place) else {
        return false
      }
      return classes.contains(header)
    }
  }
}
