import LiveProcess
import Manifest
import Patch
import Reconciler

/// A machine full of redis servers, as data.
struct World {
  var desired: DesiredState
  var observed: Observation

  static let build = build("0ba9a5c1")
  static let newer = build("77aac0de")

  static func build(_ hex: String) -> BuildID {
    BuildID(hex: hex) ?? { preconditionFailure("hexadecimal digits are a build-id") }()
  }

  static func at(_ line: Int) -> SourceRange { SourceRange(file: "redis.yaml", line: line, column: 3, endColumn: 9) }

  /// So many processes that lack a patch, and one of another build.
  static func many(_ count: Int) -> World {
    let id = SHA256Digest(of: [1])
    let patch = DesiredPatch(
      id: id, name: "debug-verbosity", state: .active,
      content: .values(ValuePatch(id: id, name: "debug-verbosity", buildID: build, values: [])),
      places: [.init(kind: .value, symbol: "server", address: nil, size: 4, detail: "+2504 (int32) 2 -> 0")],
      declaredAt: at(12))
    let set = DesiredSet(
      name: "redis-server", binary: "/usr/bin/redis-server",
      builds: [DesiredBuild(buildID: build, patches: [patch], declaredAt: at(10))], unknownBuilds: .report,
      filter: DesiredFilter(), policy: .careful, retryForAt: at(27), declaredAt: at(1))
    var processes = (0..<count).map { process(Int32(1000 + $0), build) }
    processes.append(process(900_000, newer))
    return World(desired: DesiredState(sets: [set]), observed: Observation(processes: processes))
  }

  static func process(_ pid: Int32, _ build: BuildID) -> ObservedProcess {
    let start = RemoteAddress(1 << 32)
    return ObservedProcess(
      identity: ProcessIdentity(pid: ProcessID(pid), startTime: 4711), name: "redis-server",
      arguments: ["/usr/bin/redis-server *:\(pid)"], userID: 0, cgroup: "/",
      binaries: [
        MappedBinary(
          buildID: build, path: "/usr/bin/redis-server", isDeleted: false, loadBias: start.value,
          range: start..<RemoteAddress(start.value + 4096))
      ], patches: [], leftovers: [])
  }

  /// The same with the patch in every process of the listed build, and drift of a kind, so often, in the first.
  func patched(drift kind: ObservedPatch.Drift.Kind? = nil, times: Int = 1) -> World {
    var copy = self
    for index in copy.observed.processes.indices where copy.observed.processes[index].binaries[0].buildID == Self.build
    {
      let place = ObservedPatch.Place(kind: .function, symbol: "hllMerge", address: RemoteAddress(0x55d0), size: 412)
      var drift: [ObservedPatch.Drift] = []
      if let kind, index == 0 {
        drift = (0..<times).map { number in
          .init(
            kind: kind, symbol: "hllMerge", address: RemoteAddress(0x55d0 + UInt64(number) << 16),
            expected: [0xe9, 1, 2, 3, 4], found: [0xcc, 1, 2, 3, 4])
        }
      }
      copy.observed.processes[index].patches = [
        ObservedPatch(
          id: SHA256Digest(of: [1]), name: "debug-verbosity", fixes: ["CVE-2025-32023"], buildID: Self.build,
          state: .active, places: [place], drift: drift, activatedAt: 1_700_000_000, mappedSize: 8192)
      ]
    }
    return copy
  }
}
