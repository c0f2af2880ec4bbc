internal import Patch

/// The mapping that holds the 64-bit state word: made before any patch's, unmapped after the last of them.
///
/// ```
///      0  magic[8]  version: u32  zero: u32
///     16  the word: one bit per loaded patch
///   4096  scratch: what remote calls read, such as the parts of a commit with values
///  49152  scratch: the signal frame of a remote call
///  65536
/// ```
package enum StateWord {
  /// The name of its memory file.
  package static let name = "lpreconcile:state"
  package static let magic = Array("LPSTATE\0".utf8)
  package static let currentVersion: UInt32 = 1
  package static let size: UInt64 = 65536
  package static let wordOffset: UInt64 = 16
  package static let scratch: Range<UInt64> = 4096..<49152
  package static let frame: Range<UInt64> = 49152..<65536

  /// The mapping's first page when it is made: no patch, no bit.
  package static func newPage() -> [UInt8] {
    let header = magic + currentVersion.littleEndianBytes + UInt32(0).littleEndianBytes + UInt64(0).littleEndianBytes
    return header + [UInt8](repeating: 0, count: 4096 - header.count)
  }

  /// Reads the word out of the mapping's first bytes, which may be anything.
  package static func word(in bytes: [UInt8]) throws(DamagedLedger) -> UInt64 {
    guard bytes.prefix(8) == magic[...] else { throw .damaged(field: "state.magic", offset: 0) }
    guard let version = bytes.little(UInt32.self, at: 8) else { throw .damaged(field: "state.version", offset: 8) }
    guard version <= currentVersion else { throw .newer(version: version) }
    guard version >= 1 else { throw .damaged(field: "state.version", offset: 8) }
    guard let word = bytes.little(UInt64.self, at: Int(wordOffset)) else {
      throw .damaged(field: "state.word", offset: Int(wordOffset))
    }
    return word
  }
}
