internal import Glibc

/// What proc(5) says about a thread or a process, as far as tracing it asks.
enum ThreadStatus {
  /// The state letter of a thread (`R`, `S`, `D`, `T`, `t`, `Z`, `X`); nil when there is no such thread.
  static func state(_ tid: Int32, of pid: Int32) -> Character? {
    guard let fields = statFields("/proc/\(pid)/task/\(tid)/stat") else { return nil }
    return fields.first.flatMap(\.first)
  }

  /// When a process started, in clock ticks after boot; nil when there is none.
  static func startTime(_ pid: Int32) -> UInt64? {
    // Field 22; `statFields` begins with field 3.
    guard let fields = statFields("/proc/\(pid)/stat"), fields.count > 19 else { return nil }
    return UInt64(fields[19])
  }

  /// Where the first thread's stack began: the arguments, the environment and nothing of a frame lie above (`startstack`);
  /// nil for a process that is gone or may not be asked.
  static func startStack(_ pid: Int32) -> UInt64? {
    // Field 28; `statFields` begins with field 3.
    guard let fields = statFields("/proc/\(pid)/stat"), fields.count > 25, let start = UInt64(fields[25]), start > 0
    else { return nil }
    return start
  }

  /// Where the stack of a thread that sleeps in the kernel ends; nil for one that runs.
  static func stackPointer(_ tid: Int32, of pid: Int32) -> UInt64? {
    // The number and its six arguments, or -1 alone; then the stack pointer and the instruction.
    guard let fields = ProcText.read("/proc/\(pid)/task/\(tid)/syscall")?.split(separator: " "), fields.count >= 3,
      fields[fields.count - 2].hasPrefix("0x")
    else { return nil }
    return UInt64(fields[fields.count - 2].dropFirst(2), radix: 16)
  }

  /// A field of `/proc/PID/task/TID/status`, or of the process itself; nil when it lacks it.
  static func field(_ name: String, of path: String) -> Substring? {
    guard let text = ProcText.read(path + "/status") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
      return line.dropFirst(name.count + 1).drop(while: \.isWhitespace)
    }
    return nil
  }

  /// The threads that a process lists now; nil when there is no such process.
  static func threads(of pid: Int32) -> [Int32]? { numbers(in: "/proc/\(pid)/task") }

  /// All processes that we see.
  static func processes() -> [Int32] { numbers(in: "/proc") ?? [] }

  private static func numbers(in path: String) -> [Int32]? {
    // SAFETY: the stream is open from here to closedir, and each entry is used before the next is read.
    guard let directory = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(directory) }
    var threads: [Int32] = []
    while let entry = unsafe readdir(directory) {
      // SAFETY: d_name is a string that ends in a zero byte, in an entry that lives until the next readdir.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if let tid = Int32(name) { threads.append(tid) }
    }
    return threads
  }

  /// The fields behind the name, which may itself hold spaces and parentheses.
  private static func statFields(_ path: String) -> [Substring]? {
    guard let text = ProcText.read(path), let end = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: end)...].split(separator: " ")
  }
}
