/// The debugging information of objects, made readable.
enum DebugInformation {
  /// Links objects, so that the references between their debugging sections are filled in; the path of the result.
  static func linked(_ objects: [String], to path: String) async throws(BuildRefused) -> String {
    _ = try await BuildTool.run("ld", ["--unresolved-symbols=ignore-all", "-e", "0", "-o", path] + objects)
    return path
  }
}
