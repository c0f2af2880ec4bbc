import Manifest
import Testing

@Suite("A good manifest is read as it is meant")
struct GoodManifestTests {
  static func load(_ name: String) throws -> LoadedManifests {
    let bytes = try TestFiles.read(TestFiles.fixtures("Good/\(name).yaml"))
    return ManifestLoader().load(inputs: [ManifestInput(path: "dir/\(name).yaml", bytes: bytes)])
  }

  @Test("No example has anything wrong with it")
  func nothingWrong() throws {
    let names = try ManifestNames.list(TestFiles.fixtures("Good"))
    #expect(names.count >= 10)
    for name in names {
      let loaded = try Self.load(String(name.dropLast(5)))
      #expect(loaded.diagnostics == [], "\(name)")
      #expect(!loaded.patchSets.isEmpty, "\(name)")
    }
  }

  @Test("What is not written has its default")
  func defaults() throws {
    let set = try #require(try Self.load("minimal").patchSets.first)
    #expect(set.unknownBuilds == .report)
    #expect(set.processes == PatchSet.ProcessFilter())
    #expect(set.policy.maxStop == .milliseconds(100))
    #expect(set.policy.retryFor == .seconds(30))
    #expect(set.policy.consistency == .stackCheck)
    #expect(set.builds.map(\.patches) == [[]])
  }

  @Test("Everything that is written arrives")
  func full() throws {
    let set = try #require(try Self.load("full").patchSets.first)
    #expect(set.name == "redis-server")
    #expect(set.description == "CVE fixes until the December maintenance window")
    #expect(set.binary == "/usr/bin/redis-server")
    #expect(set.builds.map(\.buildID) == ["0ba9a5c1d809b1cd700507b0b965045153efcaf7", "77aac0de"])
    #expect(set.builds.map(\.patches.count) == [2, 0])
    #expect(set.unknownBuilds == .fail)
    #expect(set.processes.users == ["redis", "104"])
    #expect(set.processes.cgroups == ["/system.slice/redis-server.service", "/kubepods.slice/*"])
    #expect(set.processes.command == ["*/redis-server", "*:6379"])
    #expect(set.policy.maxStop == .milliseconds(50))
    #expect(set.policy.consistency == .immediate)
    #expect(set.policy.retryFor == .seconds(120))
    #expect(set.policy.declaredAt.line == 29)
    let patches = set.builds[0].patches
    #expect(patches.map(\.state) == [.loaded, .active])
    guard case .artifact(let path, let sha256, let pathAt, let sha256At) = patches[0].content else {
      Issue.record("the first patch is an artifact")
      return
    }
    #expect(path == "dir/patches/redis-cve-2025-32023.lpatch")
    #expect(sha256 == String(repeating: "5d1c", count: 16))
    #expect((pathAt.line, pathAt.column) == (13, 21))
    #expect((sha256At.line, sha256At.endColumn) == (14, 83))
    guard case .values(let values) = patches[1].content, let value = values.first else {
      Issue.record("the second patch has values")
      return
    }
    #expect((value.symbol, value.offset, value.type) == ("server", 2504, .int32))
    #expect(value.set == [0, 0, 0, 0])
    #expect(value.expect == [2, 0, 0, 0])
  }

  @Test("A build-id stays text, quoted or not")
  func buildIDs() throws {
    let set = try #require(try Self.load("build-ids-are-text").patchSets.first)
    #expect(set.builds.map(\.buildID).prefix(5) == ["1e10", "001234", "1e12", "001235", "0123456789"])
  }

  @Test("Every type becomes its bytes")
  func values() throws {
    let set = try #require(try Self.load("values-of-every-type").patchSets.first)
    guard case .values(let values) = try #require(set.builds.first?.patches.first).content else {
      Issue.record("the patch has values")
      return
    }
    let expected: [(ValueType, [UInt8], [UInt8])] = [
      (.int8, [0x80], [0x7f]),
      (.int16, [0, 0x80], [0xff, 0x7f]),
      (.int32, [0, 0, 0, 0x80], [0xff, 0xff, 0xff, 0x7f]),
      (.int64, [0, 0, 0, 0, 0, 0, 0, 0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      (.uint8, [0xff], [0x10]),
      (.uint16, [0xff, 0xff], [0, 0]),
      (.uint32, [0xef, 0xbe, 0xad, 0xde], [0, 0, 0, 0]),
      (.uint64, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0, 0, 0, 0, 0]),
      (.float, [0, 0, 0xc0, 0x3f], [0, 0, 0x80, 0xff]),
      (.double, [0, 0, 0, 0, 0, 0, 0x04, 0xc0], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
      (.bool, [1], [0]),
      (.bytes, [0x00, 0xff, 0x10], [0x11, 0x22, 0x33]),
    ]
    try #require(values.count == expected.count)
    for (value, (type, set, expect)) in zip(values, expected) {
      #expect(value.type == type)
      #expect(value.set == set, "\(type)")
      #expect(value.expect == expect, "\(type)")
    }
  }

  @Test("Every document of a file is a patch set, and an alias is what it stands for")
  func documentsAndAliases() throws {
    #expect(try Self.load("several-documents").patchSets.map(\.name) == ["redis-server", "other"])
    let builds = try #require(try Self.load("aliases").patchSets.first).builds
    #expect(builds.count == 2)
    #expect(builds.first?.patches == builds.last?.patches)
  }

  @Test(
    "An absolute artifact stays, a relative one lies beside the manifest",
    arguments: [
      ("x.lpatch", "m.yaml", "x.lpatch"), ("x.lpatch", "/etc/d/m.yaml", "/etc/d/x.lpatch"),
      ("../x.lpatch", "d/m.yaml", "d/../x.lpatch"), ("/opt/x.lpatch", "d/m.yaml", "/opt/x.lpatch"),
    ])
  func artifactPath(written: String, manifest: String, expected: String) throws {
    let text = """
      apiVersion: lpreconcile/v1
      kind: PatchSet
      metadata: { name: a }
      spec:
        binary: /bin/a
        builds:
          - buildId: aa
            patches:
              - { name: p, artifact: \(written), sha256: \(String(repeating: "0", count: 64)) }
      """
    let loaded = ManifestLoader().load(inputs: [ManifestInput(path: manifest, bytes: Array(text.utf8))])
    guard case .artifact(let path, _, _, _)? = loaded.patchSets.first?.builds.first?.patches.first?.content else {
      Issue.record("\(loaded.diagnostics)")
      return
    }
    #expect(path == expected)
  }
}
