internal import Glibc
internal import Synchronization

/// A running victim: a program of `Tests/Victims` as a child of the test, driven by lines.
///
/// It is killed and reaped when the last reference goes. Swift may release after the last *use*: a test that goes on
/// with the number alone uses ``with(_:arguments:_:)``, which keeps the victim until its closure ends.
package final class Victim: Sendable {
  /// What runs.
  package let program: VictimProgram
  /// Its number.
  package let pid: Int32
  private let child: Mutex<ChildProcess>

  /// Starts a program and waits for its first line, `ready`.
  ///
  /// `program`: what ``VictimProgram/compile(_:compiler:flags:stripped:)`` made.
  /// `arguments`: argv from the first argument on; argv[0] is the program's path.
  /// `environment`: the variables it gets; nil for those of the test.
  /// `wrapper`: a program and its arguments to start it by, such as `["setpriv", …]`; it must exec in the same process.
  package init(
    _ program: VictimProgram, arguments: [String] = [], environment: [String: String]? = nil,
    through wrapper: [String] = []
  ) throws {
    self.program = program
    var child = try ChildProcess(wrapper + [program.path] + arguments, environment: environment)
    // One that never rests leaves the processors to what is tested; its threads are of its priority.
    setpriority(Int32(bitPattern: PRIO_PROCESS.rawValue), id_t(child.pid), 10)
    pid = child.pid
    let first = try child.readLine(until: .now + .seconds(120))
    guard first == "ready" else { throw VictimTrouble("\(program.path) said \(first) and not ready") }
    self.child = Mutex(child)
  }

  /// Compiles a source and starts it.
  package convenience init(
    _ source: String, compiler: String = "gcc", flags: [String] = ["-O2", "-g", "-pthread"], stripped: Bool = false,
    arguments: [String] = []
  ) throws {
    let program = try VictimProgram.compile(source, compiler: compiler, flags: flags, stripped: stripped)
    try self.init(program, arguments: arguments)
  }

  /// Starts a program, and keeps it until the closure has ended.
  package static func with<T>(
    _ program: VictimProgram, arguments: [String] = [], _ body: (Victim) throws -> T
  ) throws -> T {
    let victim = try Victim(program, arguments: arguments)
    return try withExtendedLifetime(victim) { try body(victim) }
  }

  /// Sends one line and gives the line back that it answers.
  package func ask(_ line: String, deadline: Duration = .seconds(60)) throws -> String {
    try child.withLock { child in
      child.write(line + "\n")
      return try child.readLine(until: .now + deadline)
    }
  }

  /// Sends one line without waiting for an answer.
  package func tell(_ line: String) { child.withLock { $0.write(line + "\n") } }

  /// The next line that it writes by itself.
  package func hear(deadline: Duration = .seconds(60)) throws -> String {
    try child.withLock { try $0.readLine(until: .now + deadline) }
  }

  /// Sends it a signal.
  package func signal(_ number: Int32) { kill(pid, number) }

  /// Kills and reaps it now: its exit status, or 128 and the signal's number.
  @discardableResult package func end() -> Int32 {
    child.withLock { child in
      if !child.hasEnded() { kill(child.pid, SIGKILL) }
      return child.wait()
    }
  }

  /// Closes its standard input and waits for its own end.
  package func finish() -> Int32 {
    child.withLock { child in
      child.closeInput()
      return child.wait()
    }
  }

  /// Whether it has ended by itself; nil while it runs, else its exit status.
  package func endStatus() -> Int32? { child.withLock { $0.hasEnded() ? $0.wait() : nil } }

  /// One field of `/proc/PID/status`, such as `TracerPid`.
  package func status(_ field: String) throws -> String {
    let text = try Command.output(["cat", "/proc/\(pid)/status"])
    for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
      return line.dropFirst(field.count + 1).split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
    throw VictimTrouble("no field \(field) in the status of \(pid)")
  }
}
