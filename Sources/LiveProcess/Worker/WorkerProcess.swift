internal import Glibc

/// A worker as the tool sees it: a child process and the stream to it.
final class WorkerProcess: Sendable {
  /// How a worker ended.
  enum End: Equatable {
    case signal(Int32)
    case status(Int32)
  }

  private let pid: pid_t
  private let channel: WorkerChannel

  /// Starts one.
  ///
  /// It is the very file that runs now, even when a package has replaced it on disk since.
  init() throws(SystemCallFailed) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    // SAFETY: the array has room for two descriptors.
    guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw SystemCallFailed(call: "socketpair", errno: errno)
    }
    channel = WorkerChannel(OwnedDescriptor(owning: ends[0]))
    let theirs = OwnedDescriptor(owning: ends[1])
    pid = try Self.spawn("lpreconcile", TransitionWorker.argument, standardInput: theirs.value)
  }

  private static func spawn(_ name: String, _ argument: String, standardInput: Int32) throws(SystemCallFailed) -> pid_t
  {
    var actions = unsafe posix_spawn_file_actions_t()
    var pid: pid_t = 0
    // SAFETY: the actions are initialized, used and destroyed in this frame; the strings are terminated and live for the call.
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
    let error = unsafe name.withCString { name in
      unsafe argument.withCString { argument in
        let words = unsafe [UnsafeMutablePointer(mutating: name), UnsafeMutablePointer(mutating: argument), nil]
        return unsafe posix_spawn(&pid, "/proc/self/exe", &actions, nil, words, environ)
      }
    }
    guard error == 0 else { throw SystemCallFailed(call: "posix_spawn", errno: error) }
    return pid
  }

  deinit {
    channel.end()
    _ = wait()
  }

  /// Hands a request over; throws when the worker has ended before.
  func send(_ request: TransitionRequest) throws(WorkerChannel.Ended) { try channel.send(request) }

  /// Waits for the reply; throws when the worker has ended over it.
  func reply() throws(WorkerChannel.Ended) -> WorkerReply { try channel.receive(WorkerReply.self) }

  /// Waits for the worker's end, which has come or is near; nil when it has been waited for before.
  func wait() -> End? {
    var status: Int32 = 0
    // SAFETY: the call writes one int.
    while unsafe waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { return nil }
    }
    // wait(2): the lowest seven bits are the signal, the next byte the exit status.
    return status & 0x7f == 0 ? .status(status >> 8 & 0xff) : .signal(status & 0x7f)
  }
}
