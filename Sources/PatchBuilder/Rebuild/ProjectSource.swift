internal import Glibc

/// The source that a binary was built from, and how it is built.
struct ProjectSource: Sendable {
  /// Its folder, from the root; only read.
  let folder: String
  /// The command that builds it, as for a shell.
  let command: String
  /// The path at which it is built.
  let place: String
  /// The tree that it is built in; nil for the machine itself.
  let clean: CleanTree?

  /// Finds what a request names; a distribution's source is fetched, unpacked and given a tree to be built in.
  ///
  /// `work`: gets what no cache keeps.
  static func find(
    _ request: ProjectBuildRequest, cache: BuildCache?, work: String, progress: @Sendable (String) -> Void
  ) async throws(BuildRefused) -> ProjectSource {
    switch request.origin {
    case .project(let source, let command):
      guard WholeFile.isRegular(source) == false else {
        throw BuildRefused(.unreadable(errno: ENOTDIR), at: source)
      }
      let folder = WholeFile.absolute(source)
      return ProjectSource(folder: folder, command: command, place: folder, clean: nil)
    case .debian(let wanted):
      let store: BuildCache
      if let cache { store = cache } else { store = try await BuildCache("\(work)/store") }
      let package = try await DebianSource.find(wanted, for: request.artifact.binary)
      let entry = try await store.entry("source", package.key) { part throws(BuildRefused) in
        progress("fetching the source of \(package.title)")
        try await package.fetch(into: part)
      }
      let description = try DebianSource.description(in: entry)
      let folder = "\(entry)/source"
      let command = "DEB_BUILD_OPTIONS='nocheck nostrip parallel='$(nproc) dpkg-buildpackage --build=any --no-sign"
      guard await CleanTree.isAllowed() else {
        try await package.checkDependencies(folder)
        return ProjectSource(folder: folder, command: command, place: folder, clean: nil)
      }
      let tree = try await store.entry("tree", try await DebianSource.dependencies(description)) {
        part throws(BuildRefused) in
        progress("installing a clean tree to build \(package.title) in")
        try await CleanTree.make(for: description, in: part)
      }
      let name = try await BuildTool.run(
        "sh", ["-c", "cd \"$1\" && dpkg-parsechangelog -S Source && dpkg-parsechangelog -S Version", "sh", folder]
      ).output.split(separator: "\n")
      let upstream = name.last?.split(separator: ":").last?.split(separator: "-").dropLast().joined(separator: "-")
      return ProjectSource(
        folder: folder, command: command,
        // Where the distribution's builders unpack a source.
        place: "/build/reproducible-path/\(name.first ?? "")-\(upstream ?? "")", clean: CleanTree(root: "\(tree)/root"))
    }
  }
}
