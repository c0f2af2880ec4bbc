import Manifest
import Testing

@Suite("docs/manifest.md is true")
struct DocumentationTests {
  static func text() throws -> String {
    String(decoding: try TestFiles.read(TestFiles.package + "/docs/manifest.md"), as: UTF8.self)
  }

  /// What stands between a line that begins with the fence and the next fence.
  static func blocks(_ fence: String, of text: String) -> [String] {
    var blocks: [String] = []
    var block: String?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let open = block {
        block = line == "```" ? nil : open + line + "\n"
        if line == "```" { blocks.append(open) }
      } else if line == "```" + fence {
        block = ""
      }
    }
    return blocks
  }

  @Test("Its manifests are good, and satisfy the schema")
  func examples() async throws {
    let blocks = Self.blocks("yaml", of: try Self.text())
    #expect(blocks.count >= 4)
    let folder = try TemporaryFolder()
    var paths: [String] = []
    for (number, block) in blocks.enumerated() {
      let loaded = ManifestLoader().load(inputs: [
        ManifestInput(path: "example-\(number).yaml", bytes: Array(block.utf8))
      ])
      #expect(loaded.diagnostics == [])
      #expect(!loaded.patchSets.isEmpty)
      paths.append(try folder.file("example-\(number).yaml", block))
    }
    #expect(try await SchemaTests.satisfying(paths) == Set(paths))
  }

  @Test("The examples in manifests/ are good, and satisfy the schema")
  func examplesOfThePackage() async throws {
    let folder = TestFiles.package + "/manifests"
    let paths = try ManifestNames.list(folder).map { folder + "/" + $0 }
    #expect(!paths.isEmpty)
    #expect(ManifestLoader().load([folder]).diagnostics == [])
    #expect(try await SchemaTests.satisfying(paths) == Set(paths))
  }

  @Test("It names every key and every code")
  func complete() throws {
    let text = try Self.text()
    for key in ManifestSchema.keys { #expect(text.contains("`\(key)`"), "\(key)") }
    for code in ManifestCode.allCases { #expect(text.contains("| \(code.code) | \(code.title) |"), "\(code.code)") }
  }

  @Test("The canonical values that it shows are those of its example")
  func canonical() throws {
    let text = try Self.text()
    let example = try #require(Self.blocks("yaml", of: text).first { $0.contains("values:") })
    let loaded = ManifestLoader().load(inputs: [ManifestInput(path: "example.yaml", bytes: Array(example.utf8))])
    let entries = loaded.patchSets.flatMap(\.builds).flatMap(\.patches)
    let canonical = try #require(entries.compactMap(\.canonicalValues).first)
    #expect(Self.blocks("json", of: text) == [String(decoding: canonical, as: UTF8.self) + "\n"])
  }
}
