import ArtifactKit
import LiveProcess
import Manifest
import Patch
import Reconciler
import Testing
import VictimKit

@Suite("An artifact is the one that its manifest pins, for the build that lists it")
struct DesiredStateReaderTests {
  /// A small artifact and the build that it is for.
  private static let made = Result { try make(named: "test") }

  private static func make(named name: String) throws -> (bytes: [UInt8], build: BuildID) {
    let host = try ImageHost(flags: ["-pie", "-fPIE"])
    let directory = try TemporaryDirectory()
    let source = ".text\n.globl fixed\n.type fixed, @function\nfixed: ret\n.size fixed, .-fixed\n"
    try TestFile.write(Array(source.utf8), to: directory.file("fixed.s"))
    var recipe = ArtifactRecipe(
      sources: [directory.file("fixed.s")], flags: [], target: host.elf,
      functions: [try HostEntry.direct(replacement: "fixed", in: host.elf)])
    recipe.name = name
    let bytes = try recipe.make(in: directory)
    return (bytes, try PatchArtifact(reading: bytes).info.target.buildID)
  }

  /// What a manifest with some patches says once its artifacts have been read, and the codes of what is wrong.
  private func read(
    _ patches: String, build: BuildID, file: [UInt8]?, other: [UInt8]? = nil, processes: String = ""
  ) throws -> (desired: DesiredState, codes: [String]) {
    let text = """
      apiVersion: lpreconcile/v1
      kind: PatchSet
      metadata: { name: a }
      spec:
        binary: /usr/bin/a
        builds: [{ buildId: \(build), patches: [\(patches)] }]
      \(processes)
      """
    let loaded = ManifestLoader().load(inputs: [ManifestInput(path: "/m/a.yaml", bytes: Array(text.utf8))])
    try #require(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
    var reader = DesiredStateReader(manifests: loaded, users: UserTable(passwd: "web:x:7:7::/:/bin/sh\n")) { path in
      (path.hasSuffix("other.lpatch") ? other : file).map { .bytes($0) } ?? .failed(errno: 2)
    }
    return (reader.read(loaded.patchSets), reader.diagnostics.map(\.code))
  }

  private func artifact(
    _ name: String = "test", file: String = "a", sha256: SHA256Digest, state: String = "active"
  ) -> String {
    "{ name: \(name), artifact: \(file).lpatch, sha256: \(sha256), state: \(state) }"
  }

  @Test("It is taken when digest, build and name are right")
  func right() throws {
    let (bytes, build) = try Self.made.get()
    let (desired, codes) = try read(artifact(sha256: SHA256Digest(of: bytes)), build: build, file: bytes)
    #expect(codes == [])
    #expect(desired.contents.count == 1)
  }

  @Test("Another content than the one that was reviewed is an error, and is not loaded")
  func digest() throws {
    let (bytes, build) = try Self.made.get()
    let (desired, codes) = try read(artifact(sha256: SHA256Digest(of: [1])), build: build, file: bytes)
    #expect(codes == ["LP0210"])
    #expect(desired.contents.isEmpty)
  }

  @Test("An artifact for another build, of another name, damaged or not there is an error")
  func wrong() throws {
    let (bytes, build) = try Self.made.get()
    let id = SHA256Digest(of: bytes)
    #expect(try read(artifact(sha256: id), build: ExecutorTests.build, file: bytes).codes == ["LP0203"])
    #expect(try read(artifact("other", sha256: id), build: build, file: bytes).codes == ["LP0205"])
    let cut = Array(bytes.dropLast(bytes.count / 2))
    #expect(try read(artifact(sha256: SHA256Digest(of: cut)), build: build, file: cut).codes == ["LP0202"])
    #expect(try read(artifact(sha256: id), build: build, file: nil).codes == ["LP0201"])
    // What is to be absent needs no file: its digest says which patch is meant.
    #expect(try read(artifact(sha256: id, state: "absent"), build: build, file: nil).codes == [])
  }

  @Test("Two active patches for the same function are an error")
  func twice() throws {
    let (bytes, build) = try Self.made.get()
    let other = try Self.make(named: "other").bytes
    func codes(state: String) throws -> [String] {
      let both = [
        artifact(sha256: SHA256Digest(of: bytes)),
        artifact("other", file: "other", sha256: SHA256Digest(of: other), state: state),
      ]
      return try read(both.joined(separator: ", "), build: build, file: bytes, other: other).codes
    }
    #expect(try codes(state: "active") == ["LP0204"])
    #expect(try codes(state: "loaded") == [])
  }

  @Test("A process that a manifest does not mean is left alone")
  func filter() throws {
    let build = ExecutorTests.build
    let patch = "{ name: v, values: [{ symbol: s, type: int32, set: 1 }] }"
    let (desired, codes) = try read(
      patch, build: build, file: nil, processes: "  processes: { users: [web], command: [\"*\", \":2\"] }")
    #expect(codes == [])
    var mine = ExecutorTests.process(2)
    mine.userID = 7
    mine.binaries[0].path = "/usr/bin/a"
    var (ofAnotherUser, ofAnotherCommand) = (mine, mine)
    ofAnotherUser.userID = 0
    ofAnotherCommand.arguments = ["a", ":3"]
    for (process, isMeant) in [(mine, true), (ofAnotherUser, false), (ofAnotherCommand, false)] {
      let planned = plan(desired: desired, observed: Observation(processes: [process]))
      #expect(planned.processes.count { $0.hasWork } == (isMeant ? 1 : 0), "\(process)")
    }
  }
}
