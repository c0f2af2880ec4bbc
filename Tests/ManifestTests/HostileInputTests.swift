import Manifest
import Testing

@Suite("No input can hurt the reader")
struct HostileInputTests {
  private static func judged(_ bytes: [UInt8]) -> Bool {
    let loaded = ManifestLoader().load(inputs: [ManifestInput(path: "hostile.yaml", bytes: bytes)])
    _ = DiagnosticRenderer(colour: true).render(loaded.diagnostics)
    return loaded.hasErrors != !loaded.patchSets.isEmpty || loaded.hasErrors
  }

  @Test("Every truncation gives patch sets or errors", arguments: ["full", "aliases", "values-of-every-type"])
  func truncated(name: String) throws {
    let bytes = try TestFiles.read(TestFiles.fixtures("Good/\(name).yaml"))
    for count in bytes.indices { #expect(Self.judged(Array(bytes[..<count])), "\(count)") }
  }

  @Test("Every flipped bit gives patch sets or errors", arguments: ["full", "aliases"])
  func flipped(name: String) throws {
    let bytes = try TestFiles.read(TestFiles.fixtures("Good/\(name).yaml"))
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        #expect(Self.judged(damaged), "byte \(index), bit \(bit)")
      }
    }
  }

  @Test("Random pieces of YAML give patch sets or errors")
  func random() {
    var generator = SplitMix(state: 20_251_123)
    let pieces = [
      "apiVersion: lpreconcile/v1\n", "kind: PatchSet\n", "spec:\n", "  builds:\n", "- ", "{", "}", "[", "]", ": ",
      "? ",
      "&a ", "*a ", "<<", "!!str ", "|\n", ">-\n", "\"", "'", "---\n", "...\n", "%YAML 1.2\n", "#", "\t", "\n", "  ",
      "\u{85}", "\u{feff}", "é", "x", "1e10", "~", ",", "\r", "\\",
    ]
    for _ in 0..<3000 {
      let count = Int.random(in: 1...30, using: &generator)
      let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      #expect(Self.judged(Array(text.utf8)), "\(text)")
    }
  }

  @Test(
    "A megabyte of one thing is judged in time",
    arguments: ["[", "{a,", "- ", "a: b\n", "&a [", "x", "\t", "\u{7}", "? ", "\"", "---\n", "- *a\n", "a: {b: ["])
  func large(piece: String) {
    let text = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
    let clock = ContinuousClock()
    let time = clock.measure { #expect(Self.judged(Array(text.utf8))) }
    #expect(time < .seconds(60))
  }

  @Test("The errors of one file are bounded")
  func bounded() {
    let text = (0..<5000).map { "key\($0): value\n" }.joined()
    let diagnostics = ManifestLoader().load(inputs: [ManifestInput(path: "m", bytes: Array(text.utf8))]).diagnostics
    #expect(diagnostics.count == 201)
    #expect(diagnostics.contains { $0.code == ManifestCode.tooManyErrors.code })
  }
}

/// A small generator with a seed, so that a failure can be seen again (splitmix64).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
