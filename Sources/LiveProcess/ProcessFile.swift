internal import Glibc

/// The files of `/proc/PID`.
enum ProcessFile {
  /// Reads one whole file of a process.
  ///
  /// `name`: below `/proc/PID`.
  /// `limit`: the most bytes to take; a longer file is refused with `EFBIG`.
  static func read(_ name: String, of process: ProcessID, limit: Int = 64 << 20) throws(ProcessUnreadable) -> [UInt8] {
    let path = "/proc/\(process)/\(name)"
    do throws(SystemCallFailed) {
      return try OwnedDescriptor(opening: path).readToEnd(limit: limit)
    } catch {
      throw ProcessUnreadable(errno: error.errno, path: path)
    }
  }
}
