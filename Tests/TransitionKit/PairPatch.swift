package import LiveProcess
package import Patch

/// The patches that the tests put into `Tests/Victims/switch.c`.
package enum PairPatch {
  /// Both values of the pair.
  package static func values(_ build: BuildID, expect: Bool = true) -> ValuePatch {
    func bytes(_ value: UInt64) -> [UInt8] { value.littleEndianBytes }
    return ValuePatch(
      id: SHA256Digest(of: Array("pair".utf8)), name: "pair", buildID: build,
      values: [
        ValuePatch.Value(symbol: "pair_a", offset: 0, expect: expect ? bytes(1) : nil, set: bytes(11)),
        ValuePatch.Value(symbol: "pair_b", offset: 0, expect: expect ? bytes(2) : nil, set: bytes(12)),
      ])
  }

  /// Everything on, or everything away.
  package static func request(
    _ process: ProcessID, _ build: BuildID, isOn: Bool, _ artifact: PatchArtifact?,
    policy: SwitchPolicy = SwitchPolicy(maxStop: .seconds(10), checksStacks: false, retryFor: .seconds(10))
  ) throws -> TransitionRequest {
    let values = values(build)
    let identity = ProcessIdentity(pid: process, startTime: try ProcessStat.read(process).startTime)
    let all = [values.id] + (artifact.map { [$0.id] } ?? [])
    return TransitionRequest(
      process: identity, load: isOn ? [.values(values)] + (artifact.map { [.artifact($0)] } ?? []) : [],
      activate: isOn ? all : [], deactivate: isOn ? [] : all, unload: isOn ? [] : all, policy: policy)
  }
}
