/// The bytes of a patch for one place in one process.
package struct LinkedImage: Equatable, Sendable {
  /// The whole mapping, ``ImageLayout/size`` bytes; the ledger's are zero.
  package let bytes: [UInt8]
  /// One for one with the artifact's `info.functions`.
  package let functions: [LinkedFunction]
  /// The call-frame information (`.eh_frame`, ended by a zero word), for `__register_frame` and for stack walks.
  package let unwind: Range<RemoteAddress>?
  /// How that is made known to the program's own unwinder; nil where it need not.
  package let registration: LinkedRegistration?
  /// Every piece of code, by address, without overlaps; alignment between them belongs to none.
  package let codeRanges: [CodeRange]

  /// The piece of code that an address lies in.
  package func code(at address: RemoteAddress) -> CodeRange? {
    var low = 0
    var high = codeRanges.count
    while low < high {
      let middle = (low + high) / 2
      if codeRanges[middle].range.upperBound <= address { low = middle + 1 } else { high = middle }
    }
    guard low < codeRanges.count, codeRanges[low].range.contains(address) else { return nil }
    return codeRanges[low]
  }
}
