internal import Patch

extension PatchContent {
  /// Places to try in turn, and the form of the branches from the target to each: in reach of the near form first.
  ///
  /// Somewhere else only what can lie anywhere: values, and functions that all have room for the absolute form.
  func places(
    for size: UInt64, near target: Range<RemoteAddress>, in map: MemoryMap
  ) -> [(base: RemoteAddress, form: BranchForm)] {
    let near = Placement.candidates(for: size, near: target, in: map)
    guard functionOfNearReach == nil else { return near.prefix(8).map { ($0, .near) } }
    let all = Placement.candidates(for: size, near: target, in: map, reach: nil)
    return near.prefix(8).map { ($0, .near) } + all.filter { !near.contains($0) }.prefix(8).map { ($0, .far) }
  }

  /// The first function without room for a branch that reaches everything; nil where there is none.
  var functionOfNearReach: String? {
    guard case .artifact(let artifact) = self else { return nil }
    return artifact.info.functions.first { !$0.entry.reachesEverything }?.symbol
  }
}
