import Glibc
import Manifest
import Subprocess
import Testing

@Suite("The schema and the checker judge alike")
struct SchemaTests {
  private static let schemaPath = TestFiles.package + "/schema/patchset-v1.schema.json"

  /// Prints a line for each file: whether all its documents satisfy the schema.
  private static let script = """
    import json, sys
    try:
        import jsonschema, yaml
    except ImportError as error:
        sys.exit(f"{error.name} is missing: apt-get install -y python3-jsonschema python3-yaml")
    schema = json.load(open(sys.argv[1], encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for path in sys.argv[2:]:
        text = open(path, encoding="utf-8-sig").read()
        for sign in "«»‹›":
            text = text.replace(sign, "")
        documents = [d for d in yaml.safe_load_all(text) if d is not None]
        print(path, "good" if documents and all(validator.is_valid(d) for d in documents) else "bad")
    """

  /// The paths that satisfy the schema, by Debian's python3-jsonschema.
  static func satisfying(_ paths: [String]) async throws -> Set<String> {
    let result = try await run(
      .name("env"), arguments: Arguments(["/usr/bin/python3", "-c", script, schemaPath] + paths),
      output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 16))
    try #require(result.terminationStatus == .exited(0), "\(result.standardError)")
    let lines = result.standardOutput.split(separator: "\n")
    try #require(lines.count == paths.count)
    return Set(lines.filter { $0.hasSuffix(" good") }.map { String($0.dropLast(5)) })
  }

  @Test("The schema that is checked in is the one that the program prints")
  func checkedIn() throws {
    if unsafe getenv("RECORD_EXPECTED") != nil {
      try TestFiles.write(Array(ManifestSchema.text.utf8), to: Self.schemaPath)
    }
    #expect(String(decoding: try TestFiles.read(Self.schemaPath), as: UTF8.self) == ManifestSchema.text)
  }

  @Test("Every good example satisfies it")
  func good() async throws {
    let folder = TestFiles.fixtures("Good")
    let paths = try ManifestNames.list(folder).map { folder + "/" + $0 }
    #expect(paths.count >= 10)
    let satisfying = try await Self.satisfying(paths)
    #expect(paths.filter { !satisfying.contains($0) } == [])
  }

  @Test("Every bad fixture that a schema can judge does not")
  func bad() async throws {
    let judged = BadManifestTests.fixtures.filter(\.schemaJudges)
    #expect(judged.count >= 60)
    let paths = judged.map { TestFiles.fixtures("Bad/\($0.name).yaml") }
    #expect(try await Self.satisfying(paths) == [])
  }
}
