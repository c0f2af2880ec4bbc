package import Patch

/// Bytes of a process's unwind tables, and where they lie in it.
package struct UnwindBytes: Sendable {
  package let start: RemoteAddress
  package let bytes: [UInt8]

  package init(start: RemoteAddress, bytes: [UInt8]) {
    self.start = start
    self.bytes = bytes
  }

  /// The offset of an address in the bytes; nil when it lies outside.
  func offset(of address: UInt64) -> Int? {
    let distance = address &- start.value
    return distance < UInt64(bytes.count) ? Int(distance) : nil
  }
}
