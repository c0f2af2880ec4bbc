import LiveProcess
import Manifest
import Patch
import Reconciler

/// Makes desired and observed states out of a seed; the same seed gives the same states.
struct StateGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  static let paths = ["/usr/bin/alpha", "/usr/bin/beta", "/usr/lib/libgamma.so.1"]

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  static func build(_ path: Int, _ version: Int) -> BuildID {
    BuildID(bytes: [UInt8(path), UInt8(version), 7, 7]) ?? { preconditionFailure("four bytes are a build-id") }()
  }

  static func at(_ line: Int, file: String = "m.yaml") -> SourceRange {
    SourceRange(file: file, line: line, column: 3, endColumn: 9)
  }

  /// A value patch: version `version` of the fix `name`, at the place that the name stands for.
  static func patch(_ name: Int, version: Int, build: BuildID, state: PatchState) -> DesiredPatch {
    let id = SHA256Digest(of: Array("\(name) \(version) \(build)".utf8))
    let value = ValuePatch.Value(symbol: "v\(name)", offset: 0, expect: nil, set: [UInt8(version)])
    let content = PatchContent.values(ValuePatch(id: id, name: "fix-\(name)", buildID: build, values: [value]))
    return DesiredPatch(
      id: id, name: "fix-\(name)", state: state, content: content,
      places: [PlannedPlace(kind: .value, symbol: "v\(name)", address: 0, size: 1)], declaredAt: at(name + 1))
  }

  mutating func desired() -> DesiredState {
    var sets: [DesiredSet] = []
    for path in 0..<3 where chance(75) {
      var builds: [DesiredBuild] = []
      for version in 0..<3 where chance(60) {
        let build = StateGenerator.build(path, version)
        var patches: [DesiredPatch] = []
        for name in 0..<3 where chance(60) {
          let state: PatchState = chance(70) ? .active : chance(50) ? .loaded : .absent
          patches.append(
            StateGenerator.patch(name, version: Int.random(in: 0..<3, using: &self), build: build, state: state))
        }
        builds.append(DesiredBuild(buildID: build, patches: patches, declaredAt: StateGenerator.at(100 + version)))
      }
      let unknown: [PatchSet.UnknownBuilds] = [.report, .fail, .ignore]
      sets.append(
        DesiredSet(
          name: "set-\(path)", binary: StateGenerator.paths[path], builds: builds,
          unknownBuilds: unknown.randomElement(using: &self) ?? .report,
          filter: chance(30) ? DesiredFilter(users: [0, 7]) : DesiredFilter(), policy: .careful,
          retryForAt: StateGenerator.at(9), declaredAt: StateGenerator.at(path, file: "m\(path).yaml")))
    }
    return DesiredState(sets: sets)
  }

  mutating func observed() -> Observation {
    Observation(processes: (0..<Int.random(in: 0...9, using: &self)).map { process(pid: Int32(100 + $0)) })
  }

  mutating func process(pid: Int32) -> ObservedProcess {
    var process = ObservedProcess(
      identity: ProcessIdentity(pid: ProcessID(pid), startTime: UInt64(pid) * 3), name: "p\(pid)",
      arguments: ["/usr/bin/p", ":\(pid)"], userID: chance(50) ? 0 : 1000, cgroup: "/", binaries: [], patches: [],
      leftovers: chance(10) ? ["a descriptor"] : [])
    if chance(8) {
      process.unreadable = .denied(errno: 13, path: "/proc/\(pid)/maps")
      return process
    }
    for path in 0..<3 where chance(50) {
      let build = StateGenerator.build(path, Int.random(in: 0..<4, using: &self))
      let start = RemoteAddress(UInt64(path + 1) << 32)
      process.binaries.append(
        MappedBinary(
          buildID: build, path: chance(90) ? StateGenerator.paths[path] : "/opt/other", isDeleted: chance(20),
          loadBias: start.value, range: start..<RemoteAddress(start.value + 4096)))
      for name in 0..<3 where chance(40) {
        let patch = StateGenerator.patch(
          name, version: Int.random(in: 0..<3, using: &self), build: build, state: .active)
        let states: [ObservedPatch.State] = [.active, .active, .active, .loaded, .armed, .committed]
        let place = ObservedPatch.Place(kind: .value, symbol: "v\(name)", address: RemoteAddress(0), size: 1)
        let kinds: [ObservedPatch.Drift.Kind] = [.breakpoint, .valueChanged, .restoredByOthers, .foreignBytes]
        var drift: [ObservedPatch.Drift] = []
        if chance(15), let kind = kinds.randomElement(using: &self) {
          drift = [.init(kind: kind, symbol: "v\(name)", address: RemoteAddress(0), expected: [1], found: [0xcc])]
        }
        process.patches.append(
          ObservedPatch(
            id: patch.id, name: patch.name, fixes: [], buildID: build,
            state: drift.isEmpty ? states.randomElement(using: &self) ?? .active : .active, places: [place],
            drift: drift, mappedSize: 8192))
      }
    }
    return process
  }
}
