extension PatchSet {
  /// Whether a mapped file's path is one that ``binary`` means; a ` (deleted)` at its end, as in `/proc/PID/maps`, is ignored.
  ///
  /// Text against text: whoever knows the process follows the symbolic links of ``binary`` in its mount namespace and
  /// asks for what they lead to as well.
  package func matches(binaryPath path: String) -> Bool {
    if path == binary { return true }
    // A pattern that was checked when the manifest was read cannot be malformed; one that was not matches nothing.
    guard let glob = try? Glob(binary, slashes: .literal) else { return false }
    if glob.matches(path) { return true }
    let deleted = " (deleted)"
    return path.hasSuffix(deleted) && glob.matches(String(path.dropLast(deleted.count)))
  }
}

extension PatchSet.ProcessFilter {
  /// Whether every given key matches a process.
  ///
  /// - Parameters:
  ///   - userName: the name of its effective user; nil where the user database has none.
  ///   - userID: the number of its effective user.
  ///   - cgroup: its cgroup-v2 path, such as `/system.slice/redis-server.service`; nil where there is none.
  ///   - arguments: its argv.
  /// - Returns: whether the process is meant.
  package func matches(userName: String?, userID: UInt32, cgroup: String?, arguments: [String]) -> Bool {
    if let users, !users.contains(where: { $0 == userName || $0 == String(userID) }) { return false }
    if let cgroups {
      guard let cgroup, cgroups.contains(where: { glob($0, .literal, matches: cgroup) }) else { return false }
    }
    if let command {
      guard arguments.count >= command.count else { return false }
      return zip(command, arguments).allSatisfy { glob($0, .ordinary, matches: $1) }
    }
    return true
  }

  private func glob(_ pattern: String, _ slashes: Glob.Slashes, matches text: String) -> Bool {
    // A pattern that was checked when the manifest was read cannot be malformed; one that was not matches nothing.
    (try? Glob(pattern, slashes: slashes))?.matches(text) ?? false
  }
}
