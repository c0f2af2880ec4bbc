internal import Glibc

/// Held by the one reconciler that works on a process: a lock on its directory in `/proc`, which ends with its holder.
///
/// Reconcilers that see different instances of `/proc` do not see each other's locks; between them the kernel decides,
/// which lets one tracer seize.
struct ProcessLock: ~Copyable {
  private let directory: OwnedDescriptor

  /// Takes the lock; nil when another reconciler has it.
  init?(_ process: ProcessID) throws(ProcessUnreadable) {
    let path = "/proc/\(process)"
    do throws(SystemCallFailed) {
      directory = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
    } catch {
      throw ProcessUnreadable(errno: error.errno, path: path)
    }
    guard flock(directory.value, LOCK_EX | LOCK_NB) == 0 else { return nil }
  }
}

extension ProcessLock {
  /// Keeps the lock to the end of the scope that asks.
  var isHeld: Bool { directory.value >= 0 }

  /// Who holds the lock: from `/proc/locks` (proc(5)), by the directory's inode; nil when it cannot be said.
  static func holder(_ process: ProcessID) -> Int32? {
    var status = stat()
    // SAFETY: the path is terminated and lives for the call, which writes one structure.
    guard unsafe stat("/proc/\(process)", &status) == 0,
      let text = try? OwnedDescriptor(opening: "/proc/locks").readToEnd()
    else { return nil }
    let suffix = ":\(status.st_ino)"
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.contains("FLOCK"), let place = words.firstIndex(where: { $0.hasSuffix(suffix) }), place > 0 else {
        continue
      }
      return Int32(words[place - 1])
    }
    return nil
  }
}
