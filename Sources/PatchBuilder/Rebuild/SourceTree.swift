/// A private copy of a project's source, which is built and changed in its place.
///
/// Where that is allowed, commands see the copy at the path of the original, in a mount namespace of their own: paths are compiled
/// into programs.
struct SourceTree: Sendable {
  /// The copy.
  let copy: String
  /// The path at which commands see the tree.
  let place: String
  /// Whether that path is the same for every copy of one source.
  let isAtHome: Bool
  /// What a command begins with that is to see the copy there.
  private let wrapper: [String]

  /// - Parameters:
  ///   - work: a folder that gets the copy, as `tree`, and all else that commands write.
  ///   - source: what it is a copy of.
  init(in work: String, of source: ProjectSource) async {
    copy = "\(work)/tree"
    if let clean = source.clean {
      place = source.place
      isAtHome = true
      wrapper = clean.wrapper(seeing: copy, at: place, work: work)
      return
    }
    let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\""
    for options in [[], ["--user", "--map-root-user"]] {
      // Two folders that are there already.
      guard await MountNamespace.isAllowed(MountNamespace.wrapper(options, script, [source.place, source.place])) else {
        continue
      }
      place = source.place
      isAtHome = true
      wrapper = MountNamespace.wrapper(options, script, [copy, source.place])
      return
    }
    place = copy
    isAtHome = false
    wrapper = []
  }

  /// Runs a command in the tree.
  ///
  /// `folder`: where, as commands see it.
  /// `environment`: variables that it gets besides those of this tool.
  func run(
    _ command: [String], in folder: String? = nil, environment: [String: String] = [:]
  ) async throws(BuildRefused) -> BuildTool.Answer {
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let there = ["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder ?? place, "env"] + variables + command
    return try await BuildTool.run("env", wrapper + there, keepsTime: true)
  }

  /// The path in the copy of a path that commands see; nil for one outside the tree.
  private func inCopy(_ path: String) -> String? {
    path.hasPrefix(place + "/") ? copy + path.dropFirst(place.count) : nil
  }

  /// Whether there is a regular file at a path that commands see.
  func holds(_ path: String) -> Bool {
    let path = resolved(path)
    return WholeFile.isRegular(inCopy(path) ?? path) == true
  }

  /// The file that a path from the root leads to, as commands see it: symbolic links of the tree are followed.
  func resolved(_ path: String) -> String {
    var rest = path.split(separator: "/").map { String($0) }[...]
    var found = ""
    var links = 0
    while let part = rest.popFirst() {
      // As many as the kernel follows (path_resolution(7)).
      guard links < 40, let copied = inCopy("\(found)/\(part)"), let to = Folder.link(copied) else {
        found += "/\(part)"
        continue
      }
      links += 1
      let whole = SourceTree.normalized(to.hasPrefix("/") ? to : "\(found)/\(to)")
      rest = whole.split(separator: "/").map { String($0) } + rest
      found = ""
    }
    return found
  }

  /// A path without `.`, `..` and empty parts.
  static func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}
