internal import Glibc

/// A private copy of a project's source, which is built and changed in its place.
///
/// Where that is allowed, commands see the copy at the path of the original, in a mount namespace of their own: paths are compiled
/// into programs. The original is only read.
struct SourceTree: Sendable {
  /// The original, from the root.
  let original: String
  /// The copy.
  let copy: String
  /// What a command begins with that is to see the copy at the original's path; empty where that is not allowed.
  private let mounted: [String]

  /// Copies a tree.
  ///
  /// `folder`: gets the copy.
  init(_ source: String, in folder: String) async throws(BuildRefused) {
    original = WholeFile.absolute(source)
    copy = "\(folder)/tree"
    guard WholeFile.isRegular(source) == false else { throw BuildRefused(.unreadable(errno: ENOTDIR), at: source) }
    _ = try await BuildTool.run("cp", ["-a", "--", original, copy])
    var found: [String] = []
    for way in [["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]] {
      let attempt =
        way + ["sh", "-c", "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"", "sh", copy, original]
      if (try? await BuildTool.run("env", attempt + ["true"])) != nil {
        found = attempt
        break
      }
    }
    mounted = found
  }

  /// The path at which commands see the tree.
  var place: String { mounted.isEmpty ? copy : original }

  /// Runs a command in the tree.
  ///
  /// `folder`: where, as commands see it.
  /// `environment`: variables that it gets besides those of this tool.
  func run(
    _ command: [String], in folder: String? = nil, environment: [String: String] = [:]
  ) async throws(BuildRefused) -> BuildTool.Answer {
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let there = ["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder ?? place, "env"] + variables + command
    return try await BuildTool.run("env", mounted + there, keepsTime: true)
  }

  /// The path in the copy of a path that commands see; nil for one outside the tree.
  private func inCopy(_ path: String) -> String? {
    path.hasPrefix(place + "/") ? copy + path.dropFirst(place.count) : nil
  }

  /// Whether there is a regular file at a path that commands see.
  func holds(_ path: String) -> Bool { WholeFile.isRegular(inCopy(path) ?? path) == true }

  /// A path without `.`, `..` and empty parts.
  static func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}
