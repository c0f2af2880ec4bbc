/// Links an artifact for a place in a process: pure, with no access to it.
package struct PatchLinker: Sendable {
  /// How the mapping is divided.
  package let layout: ImageLayout

  /// Divides the mapping.
  ///
  /// - Parameter ledgerSize: how many bytes the ledger needs at the head of the mapping.
  package init(_ artifact: PatchArtifact, ledgerSize: UInt64) {
    layout = ImageLayout(parts: [], size: ledgerSize)
  }

  /// The image for a place.
  ///
  /// - Parameters:
  ///   - base: where the mapping will lie; a multiple of the page size.
  ///   - bias: the target's load bias.
  ///   - stateWord: the address of the process's 64-bit state word.
  ///   - bit: the patch's bit in it, 0 to 63.
  ///   - imports: for each of the artifact's `info.imports` its address; nil for a weak one that nothing defines.
  package func link(
    at base: RemoteAddress, bias: UInt64, stateWord: RemoteAddress, bit: Int, imports: [RemoteAddress?]
  ) throws(LinkRefused) -> LinkedImage {
    throw LinkRefused(symbol: "", reason: .badPlace(base))
  }
}
