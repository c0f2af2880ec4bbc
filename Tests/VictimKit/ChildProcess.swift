internal import Glibc

/// A child process of the test with connected outputs and input; killed and waited for, by its own number, when the value goes.
package struct ChildProcess: ~Copyable {
  /// Its number.
  package let pid: Int32
  private var input: Int32
  private let output: Int32
  private let errors: Int32
  private var buffered: [UInt8] = []
  private var status: Int32?

  /// Starts a program.
  ///
  /// `arguments`: the program, by its path or looked for in PATH, and its arguments.
  /// `environment`: the variables it gets; nil for those of the test.
  /// `collectsErrors`: whether standard error is read too; otherwise it is the test's.
  /// `path`: the file to execute; nil for the first argument.
  package init(
    _ arguments: [String], environment: [String: String]? = nil, collectsErrors: Bool = false,
    executing path: String? = nil
  ) throws(VictimTrouble) {
    guard let name = path ?? arguments.first else { throw VictimTrouble("no program to run") }
    let (childInput, input) = try ChildProcess.pipe()
    let (output, childOutput) = try ChildProcess.pipe()
    let (errors, childErrors) = collectsErrors ? try ChildProcess.pipe() : (-1, -1)
    defer { for descriptor in [childInput, childOutput, childErrors] where descriptor >= 0 { close(descriptor) } }

    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    // SAFETY: both are initialised here, used by posix_spawnp below and destroyed at the end of this scope.
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, childInput, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, childOutput, 1)
    if collectsErrors { unsafe posix_spawn_file_actions_adddup2(&actions, childErrors, 2) }
    // The test process may ignore or block signals that a program expects to arrive.
    var none = sigset_t()
    var defaults = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGTERM] { unsafe sigaddset(&defaults, signal) }
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var pid: pid_t = 0
    // SAFETY: the arrays end in nil and live until the call has returned; every string in them is freed after it.
    var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var variables = unsafe (environment ?? [:]).map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    let inherits = environment == nil
    let failure = unsafe variables.withUnsafeMutableBufferPointer { variables in
      unsafe posix_spawnp(&pid, name, &actions, &attributes, &argv, inherits ? environ : variables.baseAddress)
    }
    // The formatter would write "unsafe" and the name as one word.
    // swift-format-ignore
    for unsafe text in unsafe argv + variables { unsafe free(text) }
    guard failure == 0 else {
      for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
      throw VictimTrouble("cannot start \(name): errno \(failure)")
    }
    self.pid = pid
    self.input = input
    self.output = output
    self.errors = errors
  }

  deinit {
    if status == nil {
      kill(pid, SIGKILL)
      var ignored: Int32 = 0
      while unsafe waitpid(pid, &ignored, Int32(bitPattern: UInt32(__WALL))) < 0 && errno == EINTR {}
    }
    for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
  }

  /// One direction of a connection.
  ///
  /// A socket and not a pipe: Swift imports no call that makes a pipe closed on exec in
  /// one step, and a descriptor that leaks into another test's child would hide the end of this one.
  private static func pipe() throws(VictimTrouble) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    // SAFETY: socketpair writes two descriptors, and the array has two elements.
    guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw VictimTrouble("socketpair: errno \(errno)") }
    return (ends[0], ends[1])
  }

  /// Writes to its standard input; a child that has closed it is found out by what it answers.
  package mutating func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      // SAFETY: the slice's bytes are readable for the call.
      let count = unsafe rest.withUnsafeBytes { unsafe send(input, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Closes its standard input, which ends most programs.
  package mutating func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// The next line that it writes, without the line end.
  package mutating func readLine(until end: ContinuousClock.Instant) throws(VictimTrouble) -> String {
    while true {
      if let newline = buffered.firstIndex(of: 10) {
        let line = String(decoding: buffered[..<newline], as: UTF8.self)
        buffered.removeSubrange(...newline)
        return line
      }
      guard ChildProcess.wait(for: [output], until: end) != nil else {
        throw VictimTrouble(
          "process \(pid) has not answered in time; so far: \(String(decoding: buffered, as: UTF8.self))")
      }
      guard ChildProcess.read(output, into: &buffered) else {
        throw VictimTrouble("process \(pid) has closed its output; it ended with status \(wait())")
      }
    }
  }

  /// Reads both outputs until the child has closed them; false when the deadline passes before.
  mutating func readToEnd(
    output out: inout [UInt8], errors err: inout [UInt8], until end: ContinuousClock.Instant
  ) -> Bool {
    var open = [output, errors].filter { $0 >= 0 }
    while !open.isEmpty {
      guard let ready = ChildProcess.wait(for: open, until: end) else { return false }
      let more = ready == output ? ChildProcess.read(ready, into: &out) : ChildProcess.read(ready, into: &err)
      if !more { open.removeAll { $0 == ready } }
    }
    return true
  }

  /// Waits for its end: its exit status, or 128 and the number of the signal that ended it.
  package mutating func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    while unsafe waitpid(pid, &raw, Int32(bitPattern: UInt32(__WALL))) < 0 && errno == EINTR {}
    let signal = raw & 0x7f
    let result = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
    status = result
    return result
  }

  /// Whether it has ended; reaps it when it has.
  package mutating func hasEnded() -> Bool {
    if status != nil { return true }
    var raw: Int32 = 0
    guard unsafe waitpid(pid, &raw, Int32(bitPattern: UInt32(__WALL)) | WNOHANG) == pid else { return false }
    status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
    return true
  }

  private static func wait(for descriptors: [Int32], until end: ContinuousClock.Instant) -> Int32? {
    while true {
      let left = end - ContinuousClock.now
      guard left > .zero else { return nil }
      var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      let milliseconds = Int32(
        clamping: left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
      // SAFETY: the count is that of the array.
      let count = unsafe poll(&polled, nfds_t(polled.count), milliseconds)
      if count > 0, let ready = polled.first(where: { $0.revents != 0 }) { return ready.fd }
    }
  }

  private static func read(_ descriptor: Int32, into bytes: inout [UInt8]) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    // SAFETY: the count is that of the array.
    let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
    guard count > 0 else { return count < 0 && errno == EINTR }
    bytes += chunk[..<count]
    return true
  }
}
