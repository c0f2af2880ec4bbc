import Manifest
import Testing

@Suite("Every code explains itself")
struct ManifestCodeTests {
  @Test("Codes are of the manifest's hundred, and each text is there", arguments: ManifestCode.allCases)
  func texts(_ code: ManifestCode) throws {
    #expect(try #/LP01[0-9]{2}/#.wholeMatch(in: code.code) != nil)
    #expect(!code.title.isEmpty && !code.title.hasSuffix("."))
    #expect(code.explanation.hasSuffix("."))
    #expect(code.nextStep.hasSuffix("."))
  }

  @Test("The codes that documents and mock-ups name keep their meaning")
  func stable() {
    #expect(ManifestCode(rawValue: "LP0103") == .unknownWord)
    #expect(Set(ManifestCode.allCases.map(\.code)).count == ManifestCode.allCases.count)
    #expect(Set(ManifestCode.allCases.map(\.title)).count == ManifestCode.allCases.count)
  }
}
