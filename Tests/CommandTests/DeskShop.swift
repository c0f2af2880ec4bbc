import Synchronization
import VictimKit

/// The order desk of Tests/Victims/desk.c in two builds, and a patch for the first of them, made once by the program.
struct DeskShop: Sendable {
  /// The build that the patch is for, and another one.
  let desk: String
  let other: String
  /// The build-id of ``desk``.
  let buildID: String
  let artifact: String
  let sha256: String

  private static let opened: Mutex<DeskShop?> = Mutex(nil)

  /// What the desk says to 24 items before and after: the fix counts all of them, the value lowers the fee.
  static let (before, after) = ("6400", "6500")

  /// The shop, opened by the first test that needs it.
  static func open() throws -> DeskShop {
    try opened.withLock { opened in
      if let opened { return opened }
      let shop = try DeskShop()
      opened = shop
      return shop
    }
  }

  private init() throws {
    let flags = ["-O2", "-g", "-pthread", "-Wall", "-Wextra"]
    let program = try VictimProgram.compile("desk.c", flags: flags)
    // Beside the compiled programs, which are removed at exit.
    let folder = String(program.path.prefix(upTo: program.path.lastIndex(of: "/") ?? program.path.endIndex)) + "/shop"
    _ = try Command.output(["mkdir", "-p", folder])
    desk = try program.copy(to: folder + "/desk").path
    other = try VictimProgram.compile("desk.c", flags: flags + ["-DNAME=\"other\""]).copy(to: folder + "/desk-other")
      .path
    buildID = try program.buildID()
    let fix = """
      extern volatile int fee;
      void wait_for_release(void);
      long price(long quantity) {
        if (quantity == 0) wait_for_release();
        return quantity * 250 + fee;
      }
      """
    _ = try Command.run(["sh", "-c", "cat > '\(folder)/fix.c'"], input: fix)
    artifact = folder + "/every-item.lpatch"
    _ = try Command.output([
      Checkout.program, "build", "--binary", desk, "--replacement", folder + "/fix.c", "--replace", "price",
      "--name", "every-item", "--fixes", "CVE-2025-12345", "--description", "every item counts", "--output", artifact,
    ])
    sha256 = String(try Command.output(["sha256sum", artifact]).prefix(64))
  }

  /// A manifest for all processes of both builds; the second build is listed nowhere.
  func manifest(retryFor: String = "1s", unknownBuilds: String = "report", isEmpty: Bool = false) -> String {
    let patches =
      isEmpty
      ? "      patches: []"
      : """
            patches:
              - name: every-item
                artifact: \(artifact)
                sha256: \(sha256)
              - name: lower-fee
                values:
                  - { symbol: fee, type: int32, set: 500, expect: 900 }
      """
    return """
      apiVersion: lpreconcile/v1
      kind: PatchSet
      metadata:
        name: desk
      spec:
        binary: \(desk)*
        builds:
          - buildId: \(buildID)
      \(patches)
        unknownBuilds: \(unknownBuilds)
        policy:
          maxStop: 5s
          retryFor: \(retryFor)

      """
  }
}

extension Enclosure {
  /// Writes a file into its folder and gives its path back.
  func write(_ name: String, _ text: String) throws -> String {
    let path = folder.file(name)
    _ = try Command.run(["sh", "-c", "cat > '\(path)'"], input: text)
    return path
  }
}
