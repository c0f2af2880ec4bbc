import Glibc
import Manifest
import Testing

@Suite("A bad manifest is refused at the right place")
struct BadManifestTests {
  static let fixtures: [Fixture] = {
    do { return try Fixture.all(in: "Bad") } catch { return [] }
  }()

  @Test("There are the fixtures")
  func count() {
    #expect(Self.fixtures.count >= 60)
  }

  @Test("Every error stands where the fixture marks it, with the words that stand beside it", arguments: fixtures)
  func expected(_ fixture: Fixture) throws {
    let loaded = ManifestLoader().load(inputs: [fixture.input])
    #expect(loaded.hasErrors)
    #expect(loaded.diagnostics.map { Fixture.Mark($0.at) } == fixture.errors)
    #expect(loaded.diagnostics.flatMap(\.notes).map { Fixture.Mark($0.at) }.sorted() == fixture.notes.sorted())

    let rendered = DiagnosticRenderer().render(loaded.diagnostics)
    let path = TestFiles.fixtures("Bad/\(fixture.name).expected")
    // RECORD_EXPECTED=1 writes the texts anew, for whoever changes a message and reads the difference.
    if unsafe getenv("RECORD_EXPECTED") != nil { try TestFiles.write(Array(rendered.utf8), to: path) }
    #expect(rendered == String(decoding: try TestFiles.read(path), as: UTF8.self))
  }

  @Test("Every code is in a fixture, but for those that need files or size")
  func everyCode() {
    let codes = Set(Self.fixtures.flatMap { ManifestLoader().load(inputs: [$0.input]).diagnostics.map(\.code) })
    let elsewhere: Set<ManifestCode> = [.fileMissing, .unreadable, .folderEmpty, .tooLarge, .tooManyErrors]
    let missing = ManifestCode.allCases.filter { !codes.contains($0.code) && !elsewhere.contains($0) }
    #expect(missing == [])
  }

  @Test("Every first line of an error has the form that editors read")
  func form() throws {
    let form = #/^[^:]+:[0-9]+:[0-9]+: (error|warning): .* \[LP01[0-9]{2}\]$/#
    for fixture in Self.fixtures {
      for diagnostic in ManifestLoader().load(inputs: [fixture.input]).diagnostics {
        let first = DiagnosticRenderer().render(diagnostic).split(separator: "\n").first ?? ""
        #expect(try form.wholeMatch(in: first) != nil, "\(first)")
      }
    }
  }
}
