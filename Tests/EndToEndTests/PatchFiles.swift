import VictimKit

/// The artifact and the manifests of one kind of patch for `Tests/Victims/trace.c`.
struct PatchFiles {
  let patch: ServedVictim.Patch
  let program: VictimProgram
  /// The manifests that want it, and that want nothing.
  let on: String
  let off: String
  private let directory: TemporaryDirectory

  /// Builds the artifact and writes the manifests.
  ///
  /// `maxStop`: as a manifest says it.
  /// `retryFor`: the same.
  init(_ patch: ServedVictim.Patch, maxStop: String = "10s", retryFor: String = "60s") throws {
    self.patch = patch
    directory = try TemporaryDirectory()
    program = try VictimProgram.compile("trace.c")
    on = directory.file("on.yaml")
    off = directory.file("off.yaml")
    let source = directory.file("new.c")
    let artifact = directory.file("new.lpatch")
    let names = (0..<patch.functions).map { "function_\($0)" }
    try PatchFiles.write(names.map { "int \($0)(int x) { return x + 1001; }\n" }.joined(), to: source)
    let built = try Command.run(
      [
        Checkout.program, "build", "--binary", program.path, "--replacement", source, "--name", "functions", "--output",
        artifact,
      ] + names.flatMap { ["--replace", $0] })
    guard built.status == 0, built.errors.isEmpty else { throw VictimTrouble("build said: \(built.errors)") }
    let digest = try Command.output(["sha256sum", artifact]).prefix(64)
    let values = """
              - name: pair
                values:
                  - { symbol: pair_a, offset: 0, type: int64, set: 11, expect: 1 }
                  - { symbol: pair_b, offset: 0, type: int64, set: 12, expect: 2 }

      """
    let patches = """

              - { name: functions, artifact: new.lpatch, sha256: "\(digest)" }
      \(patch.hasValues ? values : "")
      """
    for (path, patches) in [(on, patches), (off, " []\n")] {
      try PatchFiles.write(
        """
        apiVersion: lpreconcile/v1
        kind: PatchSet
        metadata:
          name: served
        spec:
          binary: \(program.path)
          builds:
            - buildId: "\(try program.buildID())"
              patches:\(patches)
          policy:
            maxStop: \(maxStop)
            consistency: immediate
            retryFor: \(retryFor)

        """, to: path)
    }
  }

  private static func write(_ text: String, to path: String) throws {
    _ = try Command.output(["/bin/sh", "-c", "cat > \"$0\"", path], input: text)
  }
}
