package import Patch

/// One line of `/proc/PID/maps`.
package struct Mapping: Equatable, Sendable {
  /// Where it lies.
  package var range: Range<RemoteAddress>
  /// What may be done with it.
  package var permissions: Permissions
  /// Where in the file it begins, in bytes.
  package var offset: UInt64
  /// The file, by device and inode; nil for memory without a file.
  package var file: File?
  /// The path in the process's own mount namespace without ` (deleted)`, a name in brackets such as `[stack]`, or empty.
  ///
  /// The kernel writes a newline in a path as `\012` and leaves backslashes alone, so a path that holds these four
  /// characters reads as if it held a newline.
  package var path: String
  /// Whether the kernel says that the file is deleted.
  ///
  /// It says so by ` (deleted)` behind the path; a file whose own name ends so looks the same here.
  package var isDeleted: Bool

  /// What a mapping may be used for.
  package struct Permissions: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let read = Permissions(rawValue: 1)
    package static let write = Permissions(rawValue: 2)
    package static let execute = Permissions(rawValue: 4)
    package static let shared = Permissions(rawValue: 8)
  }

  /// A file as the kernel tells it from others.
  package struct File: Hashable, Sendable {
    package let major: UInt32
    package let minor: UInt32
    package let inode: UInt64
    package init(major: UInt32, minor: UInt32, inode: UInt64) {
      self.major = major
      self.minor = minor
      self.inode = inode
    }
  }

  /// The name behind `memfd:`, for memory files only; nil for all others.
  ///
  /// A file of that name that was deleted reads alike: compare ``file`` with ``MemoryFileDevice`` where it matters.
  package var memoryFileName: String? {
    let prefix = "/memfd:"
    guard isDeleted, path.hasPrefix(prefix) else { return nil }
    return String(path.dropFirst(prefix.count))
  }
}
