internal import Patch

/// Links a new artifact for a made-up process, so that what no process could link is refused when it is built.
enum TrialLink {
  /// Where Linux puts a position-independent executable without randomisation, and the libraries far from it.
  private static let bias: UInt64 = 0x5555_5555_4000
  private static let library = RemoteAddress(0x7fff_f7c0_0000)
  /// How far the image lies from the replaced functions: in reach of everything in a binary of ordinary size.
  private static let distance: UInt64 = 0x1000_0000

  /// Refuses an artifact with a reference that fits no process.
  static func check(_ artifact: PatchArtifact) throws(BuildRefused) {
    let bias = artifact.info.target.kind == .fixedExecutable ? 0 : bias
    let first = ((artifact.info.functions.first?.address.value ?? 0) &+ bias) & ~(ImageLayout.pageSize - 1)
    let base = first >= distance * 8 ? first - distance : first + distance
    do throws(LinkRefused) {
      _ = try PatchLinker(artifact, ledgerSize: ImageLayout.pageSize).link(
        at: RemoteAddress(base), bias: bias, stateWord: RemoteAddress(base), bit: 0,
        imports: artifact.info.imports.map { _ in library })
    } catch {
      if case .ambiguousAddress(let addresses) = error.reason {
        throw BuildRefused(
          .addressAmbiguous(candidates: addresses.map { "\(error.symbol)@\($0)" }), symbol: error.symbol)
      }
      // Without a relocation it is a branch between target and image, which depends on the place.
      guard let relocation = error.relocation else { return }
      throw BuildRefused(.relocation(type: relocation), symbol: error.symbol)
    }
  }
}
