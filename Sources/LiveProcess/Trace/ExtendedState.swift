internal import CTrace

/// A thread's floating-point and vector registers, in the standard format of XSAVE, as a signal frame takes them.
struct ExtendedState {
  /// The legacy area (512 bytes), the header (64 bytes), then the components.
  let bytes: [UInt8]
  /// Which components the bytes hold (XCR0's bits).
  let components: UInt64

  /// Reads a standing thread's state.
  ///
  /// ptrace gives the area for all components that the machine has. A signal frame larger than the thread may have is taken
  /// as one without extended state; one with AMX tiles is that, unless the thread has asked for them. So the area is cut off
  /// behind the last component that is in use or not AMX's.
  init(of tid: Int32) throws(TraceRefused) {
    var area = [UInt8](repeating: 0, count: 65536)
    var size = area.count
    // SAFETY: the wrapper writes at most `size` bytes and says how many.
    let error = unsafe area.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe trace_get_extended_state(tid, start, &size)
    }
    guard error == 0, size >= 576 else { throw .kernel(call: "ptrace(NT_X86_XSTATE)", errno: error) }
    func word(_ offset: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(area[offset + $1]) << (8 * UInt64($1)) } }
    let tiles: UInt64 = 1 << 18
    let used = word(512)
    // The first of the software's words: the components that the machine enables (XCR0).
    let enabled = used & tiles == 0 ? word(464) & ~tiles : word(464)
    var end = 576
    for component in UInt32(2)..<63 where enabled & (1 << UInt64(component)) != 0 {
      var length: UInt32 = 0
      var offset: UInt32 = 0
      // SAFETY: the wrapper writes two integers.
      unsafe trace_extended_state_component(component, &length, &offset)
      end = max(end, Int(offset) + Int(length))
    }
    bytes = Array(area[..<min(end, size)])
    components = enabled
  }
}
