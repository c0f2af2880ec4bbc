internal import CTrace
internal import Glibc
package import Patch

/// The files of a process as it sees them: its root directory in its own mount namespace.
package struct ProcessRoot: ~Copyable, Sendable {
  private let root: OwnedDescriptor
  private let process: ProcessID

  /// Opens the root directory of a process.
  package init(of process: ProcessID) throws(ProcessUnreadable) {
    self.process = process
    let path = "/proc/\(process)/root"
    do throws(SystemCallFailed) {
      root = try OwnedDescriptor(opening: path, flags: Int32(OBSERVE_O_PATH) | O_DIRECTORY)
    } catch {
      throw ProcessUnreadable(errno: error.errno, path: path)
    }
  }

  /// Where the symbolic links of a path lead, all taken as the process would; nil when nothing is there.
  ///
  /// The answer is in the terms of `/proc/PID/maps`: for a process in a chroot both begin above its root.
  /// No link leads out of the root (`RESOLVE_IN_ROOT`), and none of `/proc` is followed (`RESOLVE_NO_MAGICLINKS`).
  package func canonicalPath(of path: String) -> String? {
    guard let file = open(path, flags: UInt64(OBSERVE_O_PATH)) else { return nil }
    return ProcessRoot.link("/proc/self/fd/\(file.value)")
  }

  /// The build-id of the file that lies on disk under a path now; nil when it is no ELF file or has none.
  package func buildOnDisk(_ path: String) -> BuildID? {
    // Opened only to be named: the reader opens it again without following a link, as a regular file.
    guard let file = open(path, flags: UInt64(OBSERVE_O_PATH)) else { return nil }
    // What is not an ELF file has no build: the caller asks about nothing else.
    return try? ElfFile(path: "/proc/self/fd/\(file.value)").buildID()
  }

  private func open(_ path: String, flags: UInt64) -> OwnedDescriptor? {
    var descriptor: Int32 = -1
    // RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS (linux/openat2.h).
    let resolve: UInt64 = 0x10 | 0x02
    // SAFETY: the string is terminated and lives for the call, which writes one descriptor.
    let error = unsafe observe_open_resolving(root.value, path, flags, resolve, &descriptor)
    return error == 0 ? OwnedDescriptor(owning: descriptor) : nil
  }

  /// What a link of `/proc` says, as bytes of UTF-8.
  static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    var done = 0
    // SAFETY: the size is that of the buffer.
    guard unsafe observe_readlink(AT_FDCWD, path, &buffer, buffer.count, &done) == 0, done < buffer.count else {
      return nil
    }
    return String(decoding: buffer[..<done].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
