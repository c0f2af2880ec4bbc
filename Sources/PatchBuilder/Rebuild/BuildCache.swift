internal import Glibc

/// A folder of what takes long to make and is needed again: sources as fetched, trees of a release, sources as built.
///
/// Nothing is taken on trust from it but time: what was built counts only if the binary can be found in it, byte for byte. Whoever
/// uses it holds a lock, flock(2), so that nothing that is in use is removed.
final class BuildCache: Sendable {
  private let folder: String
  private let lock: Int32

  /// How many of each kind are kept: the newest.
  private static let most = 8

  /// `folder`: made when it is not there.
  ///
  /// - Throws: a refusal when the folder is not this user's alone: another could put other source into patches.
  init(_ folder: String) async throws(BuildRefused) {
    _ = try await BuildTool.run("mkdir", ["-p", "-m", "700", "--", folder])
    self.folder = WholeFile.absolute(folder)
    var status = stat()
    // SAFETY: the string and the structure outlive the calls.
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw BuildRefused(.unreadable(errno: errno), at: folder) }
    lock = descriptor
    guard unsafe fstat(descriptor, &status) == 0, flock(descriptor, LOCK_SH) == 0 else {
      throw BuildRefused(.unreadable(errno: errno), at: folder)
    }
    guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      throw BuildRefused(.cacheOfOthers, at: folder)
    }
  }

  deinit {
    // Alone: what was left by one who was killed, and what was not used for longest.
    if flock(lock, LOCK_EX | LOCK_NB) == 0 { tidy() }
    close(lock)
  }

  /// The path of something of a kind, made when it is not there.
  ///
  /// `make`: gets the path of a folder to make it in, which then becomes the thing as a whole.
  func entry(
    _ kind: String, _ key: String, make: (String) async throws(BuildRefused) -> Void
  ) async throws(BuildRefused) -> String {
    if let present = try await present(kind, key) { return present }
    let path = path(kind, key)
    let part = "\(path).part\(getpid())"
    Folder.remove(part)
    try Folder.make(part)
    do throws(BuildRefused) { try await make(part) } catch {
      Folder.remove(part)
      throw error
    }
    // SAFETY: C gets the strings for the time of the call.
    if unsafe rename(part, path) != 0 {
      // Somebody else has made it in the meantime.
      Folder.remove(part)
    }
    return path
  }

  /// The path of something of a kind; nil when it is not there.
  func present(_ kind: String, _ key: String) async throws(BuildRefused) -> String? {
    let path = path(kind, key)
    guard WholeFile.isRegular(path) == false else { return nil }
    // The newest is what was used last.
    _ = try await BuildTool.run("touch", ["--", path])
    return path
  }

  private func path(_ kind: String, _ key: String) -> String { "\(folder)/\(kind)-\(key)" }

  private func tidy() {
    let names = Folder.names(in: folder)
    let kinds = Dictionary(grouping: names.filter { !$0.contains(".part") }) { $0.prefix { $0 != "-" } }
    let old = kinds.values.flatMap { $0.sorted { used($0) > used($1) }.dropFirst(BuildCache.most) }
    for name in old + names.filter({ $0.contains(".part") }) { Folder.remove("\(folder)/\(name)") }
  }

  private func used(_ name: String) -> Int {
    var status = stat()
    // SAFETY: the string and the structure outlive the call.
    return unsafe stat("\(folder)/\(name)", &status) == 0 ? status.st_mtim.tv_sec : 0
  }
}
