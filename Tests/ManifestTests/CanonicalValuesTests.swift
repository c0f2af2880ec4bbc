import Manifest
import Testing

@Suite("The canonical form of values tells patches apart")
struct CanonicalValuesTests {
  private static func canonical(_ values: String) throws -> String {
    let text = """
      apiVersion: lpreconcile/v1
      kind: PatchSet
      metadata: { name: a }
      spec: { binary: /bin/a, builds: [{ buildId: aa, patches: [{ name: v, values: [\(values)] }] }] }
      """
    let loaded = ManifestLoader().load(inputs: [ManifestInput(path: "m.yaml", bytes: Array(text.utf8))])
    let entry = try #require(loaded.patchSets.first?.builds.first?.patches.first, "\(loaded.diagnostics)")
    return String(decoding: try #require(entry.canonicalValues), as: UTF8.self)
  }

  @Test("It is JSON with sorted keys and no space")
  func form() throws {
    #expect(
      try Self.canonical("{ symbol: s, type: int16, set: 258, expect: 0 }")
        == #"{"values":[{"expect":"0000","offset":0,"set":"0201","symbol":"s","type":"int16"}]}"#)
  }

  @Test("Order and spelling make no difference")
  func same() throws {
    #expect(
      try Self.canonical("{ symbol: b, type: int8, set: 0x10 }, { symbol: a, offset: 0, type: bool, set: true }")
        == Self.canonical("{ symbol: a, type: bool, set: True }, { set: 16, type: int8, symbol: b }"))
  }

  @Test("Another place, type or value does")
  func different() throws {
    let forms = [
      "{ symbol: s, type: int8, set: 1 }", "{ symbol: t, type: int8, set: 1 }",
      "{ symbol: s, offset: 1, type: int8, set: 1 }", "{ symbol: s, type: uint8, set: 1 }",
      "{ symbol: s, type: int8, set: 2 }", "{ symbol: s, type: int8, set: 1, expect: 1 }",
    ]
    #expect(Set(try forms.map { try Self.canonical($0) }).count == forms.count)
  }
}
