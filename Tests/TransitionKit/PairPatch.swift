package import LiveProcess
package import Patch

/// The patches that the tests put into `Tests/Victims/switch.c`.
package enum PairPatch {
  /// Both values of the pair.
  ///
  /// `generation`: what they are, in tens above 1 and 2.
  package static func values(_ build: BuildID, expect: Bool = true, generation: UInt64 = 1) -> ValuePatch {
    func bytes(_ value: UInt64) -> [UInt8] { value.littleEndianBytes }
    let name = generation == 1 ? "pair" : "pair-\(generation)"
    return ValuePatch(
      id: SHA256Digest(of: Array(name.utf8)), name: name, buildID: build,
      values: [
        ValuePatch.Value(symbol: "pair_a", offset: 0, expect: expect ? bytes(1) : nil, set: bytes(10 * generation + 1)),
        ValuePatch.Value(symbol: "pair_b", offset: 0, expect: expect ? bytes(2) : nil, set: bytes(10 * generation + 2)),
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

  /// An artifact and the values of its generation.
  package struct Generation {
    package var artifact: PatchArtifact
    package var number: UInt64

    package init(_ artifact: PatchArtifact, number: UInt64) {
      self.artifact = artifact
      self.number = number
    }
  }

  /// One generation in the place of another, in one switch; nil for none.
  package static func change(
    _ process: ProcessID, _ build: BuildID, from old: Generation?, to new: Generation?,
    policy: SwitchPolicy = SwitchPolicy(maxStop: .seconds(10), checksStacks: false, retryFor: .seconds(10))
  ) throws -> TransitionRequest {
    let identity = ProcessIdentity(pid: process, startTime: try ProcessStat.read(process).startTime)
    let leaving = old.map { [values(build, generation: $0.number).id, $0.artifact.id] } ?? []
    let coming: [PatchContent] =
      new.map { [.values(values(build, generation: $0.number)), .artifact($0.artifact)] } ?? []
    return TransitionRequest(
      process: identity, load: coming, activate: coming.map(\.id), deactivate: leaving, unload: leaving, policy: policy)
  }
}
