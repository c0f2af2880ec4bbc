import Glibc
import Manifest
import Testing

@Suite("Paths lead to manifests")
struct LoaderTests {
  static func manifest(_ name: String, build: String) -> String {
    """
    apiVersion: lpreconcile/v1
    kind: PatchSet
    metadata: { name: \(name) }
    spec:
      binary: /usr/bin/x
      builds: [{ buildId: \(build), patches: [] }]

    """
  }

  @Test("A folder stands for its *.yaml and *.yml by name, not for what lies deeper or is hidden")
  func folder() throws {
    let folder = try TemporaryFolder()
    _ = try folder.file("b.yml", Self.manifest("b", build: "02"))
    _ = try folder.file("a.yaml", Self.manifest("a", build: "01"))
    _ = try folder.file("c.txt", "not: [a manifest")
    _ = try folder.file(".d.yaml", "not: [a manifest")
    _ = try folder.file("deeper/e.yaml", "not: [a manifest")
    #expect(unsafe symlink("/dev/null", folder.path + "/f.yaml") == 0)
    let loaded = ManifestLoader().load([folder.path])
    #expect(loaded.diagnostics == [])
    #expect(loaded.patchSets.map(\.name) == ["a", "b"])
    #expect(loaded.inputs.map(\.path) == [folder.path + "/a.yaml", folder.path + "/b.yml"])
    #expect(loaded.inputs.first?.bytes == Array(Self.manifest("a", build: "01").utf8))
    // A file that several paths name is read once.
    #expect(ManifestLoader().load([folder.path, folder.path + "/a.yaml"]) == loaded)
  }

  @Test("What cannot be read is said, and the rest is read")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let good = try folder.file("redis.yaml", Self.manifest("a", build: "01"))
    let empty = folder.folder("empty")
    let large = try folder.file("large.yaml", String(repeating: "#", count: 1 << 20) + "\n")
    let mixed = folder.folder("mixed")
    #expect(unsafe mkfifo(mixed + "/pipe.yaml", 0o600) == 0)
    #expect(unsafe symlink("nowhere", mixed + "/broken.yaml") == 0)
    let loaded = ManifestLoader().load([folder.path + "/redis.yml", empty, large, mixed, good])
    #expect(loaded.diagnostics.map(\.code) == ["LP0100", "LP0119", "LP0100", "LP0118", "LP0110"])
    #expect(loaded.diagnostics.first?.hint == "did you mean '\(good)'?")
    #expect(loaded.hasErrors)
    #expect(loaded.patchSets.map(\.name) == ["a"])
  }

  @Test("A pipe that is named is read when somebody writes into it, and given up when nobody does")
  func pipe() throws {
    let folder = try TemporaryFolder()
    let written = try folder.file("written.yaml", Self.manifest("a", build: "01"))
    let pipe = folder.path + "/pipe"
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let nobody = ManifestLoader().load([pipe])
    #expect(nobody.diagnostics.map(\.code) == ["LP0118"])
    #expect(nobody.diagnostics.first?.message == "it cannot be read: a pipe into which nobody writes")
    #expect(unsafe system("cat '\(written)' >'\(pipe)' &") == 0)
    #expect(ManifestLoader().load([pipe]).patchSets.map(\.name) == ["a"])
  }

  @Test("A device without end is read no further than a manifest may be long, and what is no file says so")
  func devices() throws {
    #expect(ManifestLoader().load(["/dev/zero"]).diagnostics.map(\.code) == ["LP0110"])
    #expect(ManifestLoader().load(["/dev/null"]).diagnostics.map(\.code) == ["LP0116"])
    #expect(ManifestLoader().load(["/proc/self/mem"]).diagnostics.map(\.code) == ["LP0118"])
  }

  @Test("UTF-16 is one error that says what it is", arguments: [[0xff, 0xfe], [0xfe, 0xff]] as [[UInt8]])
  func utf16(mark: [UInt8]) {
    let bytes = mark + Self.manifest("a", build: "01").utf8.flatMap { mark[0] == 0xff ? [$0, 0] : [0, $0] }
    let diagnostics = ManifestLoader().load(inputs: [ManifestInput(path: "m", bytes: bytes)]).diagnostics
    #expect(diagnostics.map(\.code) == ["LP0107"])
    #expect(diagnostics.first?.hint == "it looks like UTF-16; save it as UTF-8")
    #expect(diagnostics.first?.at.line == 1 && diagnostics.first?.at.column == 1)
  }

  @Test("A file of exactly 1 MiB is read")
  func largest() throws {
    let text = Self.manifest("a", build: "01")
    let filled = text + String(repeating: "#", count: 1 << 20 - text.utf8.count)
    #expect(filled.utf8.count == 1 << 20)
    #expect(ManifestLoader().load(inputs: [ManifestInput(path: "m", bytes: Array(filled.utf8))]).patchSets.count == 1)
    let over = ManifestLoader().load(inputs: [ManifestInput(path: "m", bytes: Array((filled + "#").utf8))])
    #expect(over.diagnostics.map(\.code) == ["LP0110"])
  }

  @Test("Two files that own one build are both shown")
  func owners() throws {
    let folder = try TemporaryFolder()
    let a = try folder.file("a.yaml", Self.manifest("a", build: "01"))
    let b = try folder.file("b.yaml", Self.manifest("b", build: "01"))
    let loaded = ManifestLoader().load([a, b])
    #expect(loaded.diagnostics.map(\.code) == ["LP0141"])
    #expect(loaded.diagnostics.first?.at.file == b)
    #expect(loaded.diagnostics.first?.notes.map(\.at.file) == [a])
    #expect(loaded.patchSets.map(\.name) == ["a"])
  }

  @Test("Without a path the first folder wins by name, and a link to /dev/null masks")
  func search() throws {
    let root = try TemporaryFolder()
    let (etc, run) = ("etc/lpreconcile/manifests.d", "run/lpreconcile/manifests.d")
    let (local, usr) = ("usr/local/lib/lpreconcile/manifests.d", "usr/lib/lpreconcile/manifests.d")
    _ = try root.file(etc + "/b.yaml", Self.manifest("b-etc", build: "0b"))
    _ = try root.file(usr + "/b.yaml", Self.manifest("b-usr", build: "0b"))
    _ = try root.file(run + "/c.yaml", Self.manifest("c-run", build: "0c"))
    _ = try root.file(usr + "/a.yaml", Self.manifest("a-usr", build: "0a"))
    _ = try root.file(usr + "/m.yaml", Self.manifest("m-usr", build: "0d"))
    #expect(unsafe symlink("/dev/null", root.path + "/" + etc + "/m.yaml") == 0)
    let loader = ManifestLoader(root: root.path)
    let search = loader.search()
    func at(_ folder: String, _ name: String) -> String { root.path + "/" + folder + "/" + name }
    #expect(
      search.entries == [
        ManifestSearch.Entry(name: "a.yaml", path: at(usr, "a.yaml"), isMasked: false, hidden: []),
        ManifestSearch.Entry(name: "b.yaml", path: at(etc, "b.yaml"), isMasked: false, hidden: [at(usr, "b.yaml")]),
        ManifestSearch.Entry(name: "c.yaml", path: at(run, "c.yaml"), isMasked: false, hidden: []),
        ManifestSearch.Entry(name: "m.yaml", path: at(etc, "m.yaml"), isMasked: true, hidden: [at(usr, "m.yaml")]),
      ])
    #expect(search.searched.map(\.exists) == [true, true, false, true])
    #expect(search.searched.map(\.path).contains(root.path + "/" + local))
    let loaded = loader.load([])
    #expect(loaded.patchSets.map(\.name) == ["a-usr", "b-etc", "c-run"])
    #expect(loaded.search == search)
    #expect(loaded.diagnostics == [])
  }

  @Test("Where nothing is installed there is nothing, and no error")
  func nothingInstalled() throws {
    let root = try TemporaryFolder()
    let loaded = ManifestLoader(root: root.path).load([])
    #expect(loaded.patchSets == [] && loaded.diagnostics == [])
    #expect(loaded.search?.entries == [])
  }
}
