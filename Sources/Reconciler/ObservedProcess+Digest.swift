package import LiveProcess
package import Patch

extension ObservedProcess {
  /// Of everything that a plan for this process depends on; two looks at an unchanged process give the same.
  package var planDigest: SHA256Digest {
    var text = "pid \(identity.pid) start \(identity.startTime)\n"
    for binary in binaries.sorted(by: { ($0.range.lowerBound, $0.path) < ($1.range.lowerBound, $1.path) }) {
      text += "binary \(binary.buildID) \(binary.loadBias) \(binary.path.debugDescription)\n"
    }
    for patch in patches.sorted(by: { $0.id.description < $1.id.description }) {
      text += "patch \(patch.id) \(patch.state.rawValue) \(patch.buildID)\n"
      for drift in patch.drift.sorted(by: { $0.address < $1.address }) {
        text += "drift \(drift.address) \(drift.found.hexadecimal)\n"
      }
    }
    for leftover in leftovers.sorted() { text += "leftover \(leftover.debugDescription)\n" }
    return SHA256Digest(of: Array(text.utf8))
  }
}
