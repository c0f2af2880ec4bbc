internal import Glibc

/// `/proc/PID/task` of one process, kept open.
struct ThreadDirectory: ~Copyable {
  private let descriptor: OwnedDescriptor

  /// Opens it.
  init(of pid: Int32) throws(TraceRefused) {
    do throws(SystemCallFailed) {
      descriptor = try OwnedDescriptor(opening: "/proc/\(pid)/task", flags: O_RDONLY | O_DIRECTORY)
    } catch {
      if error.errno == ENOENT || error.errno == ESRCH { throw .gone }
      throw .kernel(call: "open(/proc/\(pid)/task)", errno: error.errno)
    }
  }

  /// How many threads the process has, zombies included: the directory's link count, in one call; nil when it is gone.
  var count: Int? {
    var status = stat()
    // SAFETY: fstat writes one struct.
    guard unsafe fstat(descriptor.value, &status) == 0, status.st_nlink > 2 else { return nil }
    return Int(status.st_nlink) - 2
  }
}
