internal import Glibc

/// A private copy of a project's source, which is built and changed in its place.
///
/// Where that is allowed, commands see the copy at the path of the original, in a mount namespace of their own: paths are compiled
/// into programs.
struct SourceTree: Sendable {
  /// The copy.
  private(set) var copy: String
  /// The path at which commands see the tree.
  let place: String
  /// How they do.
  private let view: View
  private let work: String

  private enum View {
    /// At the path of the original.
    ///
    /// `options`: more of unshare(1).
    case home(options: [String])
    /// In a clean tree of the release.
    case clean(CleanTree)
    /// Where it lies.
    case itself
  }

  /// Whether that path is the same for every copy of one source.
  var isAtHome: Bool { if case .itself = view { false } else { true } }

  /// - Parameters:
  ///   - work: a folder that gets the copy, as `tree`, and all else that commands write.
  ///   - source: what it is a copy of.
  init(in work: String, of source: ProjectSource) async {
    self.work = work
    copy = "\(work)/tree"
    if let clean = source.clean {
      place = source.place
      view = .clean(clean)
      return
    }
    for options in [[], ["--user", "--map-root-user"]] {
      // Two folders that are there already.
      guard await MountNamespace.isAllowed(SourceTree.wrapper(options, source.place, at: source.place)) else {
        continue
      }
      place = source.place
      view = .home(options: options)
      return
    }
    place = copy
    view = .itself
  }

  private static func wrapper(_ options: [String], _ copy: String, at place: String) -> [String] {
    MountNamespace.wrapper(options, "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"", [copy, place])
  }

  /// What a command begins with that is to see the copy.
  private var wrapper: [String] {
    switch view {
    case .home(let options): SourceTree.wrapper(options, copy, at: place)
    case .clean(let clean): clean.wrapper(seeing: copy, at: place, work: work)
    case .itself: []
    }
  }

  /// A tree like this one, which commands see at the same path: files that nobody replaces are the same files.
  ///
  /// `name`: what the folder of the copy is called.
  func linked(as name: String) async throws(BuildRefused) -> SourceTree {
    var other = self
    other.copy = "\(work)/\(name)"
    Folder.remove(other.copy)
    _ = try await BuildTool.run("cp", ["-a", "--link", "--", copy, other.copy])
    return other
  }

  /// Runs something while commands see the copy: where each cannot have a view of its own, it lies at the path itself for that time.
  func seen<Result: Sendable>(
    _ body: @Sendable () async throws(BuildRefused) -> Result
  ) async throws(BuildRefused) -> Result {
    guard !isAtHome, copy != place else { return try await body() }
    let aside = "\(place).aside"
    try SourceTree.move(place, to: aside)
    defer { try? SourceTree.move(aside, to: place) }
    try SourceTree.move(copy, to: place)
    defer { try? SourceTree.move(place, to: copy) }
    return try await body()
  }

  private static func move(_ path: String, to other: String) throws(BuildRefused) {
    // SAFETY: C gets the strings for the time of the call.
    guard unsafe rename(path, other) == 0 else { throw BuildRefused(.notWritable(errno: errno), at: other) }
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
  func inCopy(_ path: String) -> String? {
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
