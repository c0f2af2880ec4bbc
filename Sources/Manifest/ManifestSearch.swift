/// Which manifests are in force where no path is given, as `lpreconcile config` shows it.
///
/// As with systemd's unit files: of files of one name the one in the first folder wins, and a link to `/dev/null` there
/// takes the name out of force.
package struct ManifestSearch: Equatable, Sendable {
  /// The folders below the root, the first wins.
  package static let folders = [
    "/etc/lpreconcile/manifests.d", "/run/lpreconcile/manifests.d", "/usr/local/lib/lpreconcile/manifests.d",
    "/usr/lib/lpreconcile/manifests.d",
  ]

  /// One file name and what became of it.
  package struct Entry: Equatable, Sendable {
    /// Such as `redis.yaml`.
    package var name: String
    /// The file that won, or the link to `/dev/null` that masks the others.
    package var path: String
    /// Whether ``path`` is a link to `/dev/null`.
    package var isMasked: Bool
    /// The files of the same name in the folders behind, that have no effect.
    package var hidden: [String]

    /// Makes an entry.
    package init(name: String, path: String, isMasked: Bool, hidden: [String]) {
      self.name = name
      self.path = path
      self.isMasked = isMasked
      self.hidden = hidden
    }
  }

  /// A folder and whether it was there.
  package struct Folder: Equatable, Sendable {
    /// Its path, the root included.
    package var path: String
    /// Whether there is such a folder.
    package var exists: Bool

    /// Makes a folder.
    package init(path: String, exists: Bool) {
      self.path = path
      self.exists = exists
    }
  }

  /// The four folders in order.
  package var searched: [Folder]
  /// By file name.
  package var entries: [Entry]

  /// Makes a search's result.
  package init(searched: [Folder], entries: [Entry]) {
    self.searched = searched
    self.entries = entries
  }

  /// The files in force, by name.
  package var paths: [String] { entries.filter { !$0.isMasked }.map(\.path) }
}
