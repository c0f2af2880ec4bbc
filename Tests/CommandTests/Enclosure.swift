import Synchronization
import VictimKit

/// A PID and mount namespace of its own with a shell in it, so that `--all` and `--prune` harm nobody.
///
/// Nothing but what a test starts is seen there, nothing of it outlives the test, and what is mounted there is mounted
/// nowhere else.
final class Enclosure: Sendable {
  /// A folder of its own, at the same place inside and outside.
  let folder: TemporaryDirectory
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var shell: ChildProcess
    var count = 0
  }

  /// A process inside that is driven by lines.
  struct Inmate {
    /// Its number, inside.
    let pid: Int32
    /// The pipes, for the shell.
    fileprivate let input: String
    fileprivate let output: String
  }

  /// A command inside that goes on by itself.
  struct Job {
    let pid: Int32
    fileprivate let number: Int
  }

  init() throws {
    folder = try TemporaryDirectory()
    // In a bare chroot the root is no mount point: then nothing may be shared with the outside anyway.
    let entry = """
      if ! mount --make-rprivate / 2>/dev/null && grep -q shared: /proc/self/mountinfo; then
        echo 'the mounts cannot be made private'; exit 1
      fi
      mount -t proc proc /proc && cd '\(folder.path)' && echo inside && exec bash
      """
    let unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "unchanged"]
    var shell = try ChildProcess(unshare + ["bash", "-c", entry])
    let answer = try shell.readLine(until: .now + .seconds(120))
    guard answer == "inside" else { throw VictimTrouble("no namespaces of its own: \(answer)") }
    state = Mutex(State(shell: shell))
  }

  /// Runs a line of shell to its end, without input.
  func run(_ command: String, deadline: Duration = .seconds(120)) throws -> Command {
    try state.withLock { state in
      state.count += 1
      let (out, errors) = (file(state.count, "out"), file(state.count, "err"))
      state.shell.write("{ \(command)\n} </dev/null >'\(out)' 2>'\(errors)'; echo \"$?\"\n")
      return try Self.result(&state.shell, out, errors, deadline)
    }
  }

  private static func result(
    _ shell: inout ChildProcess, _ out: String, _ errors: String, _ deadline: Duration
  ) throws -> Command {
    let line = try shell.readLine(until: .now + deadline)
    guard let status = Int32(line) else { throw VictimTrouble("the shell said \(line)") }
    return Command(
      status: status, output: try Command.output(["cat", out]), errors: try Command.output(["cat", errors]))
  }

  private func file(_ number: Int, _ kind: String) -> String { folder.file("command-\(number).\(kind)") }

  /// Runs a line of shell and gives what it prints; throws when it fails.
  @discardableResult func output(_ command: String) throws -> String {
    let done = try run(command)
    guard done.status == 0 else {
      throw VictimTrouble("\(command): status \(done.status)\n\(done.errors)\(done.output)")
    }
    return done.output
  }

  /// Runs the program.
  func tool(_ arguments: String..., environment: String = "", deadline: Duration = .seconds(120)) throws -> Command {
    try run("\(environment) \(Self.words(arguments))", deadline: deadline)
  }

  /// The program and its arguments as words of a shell.
  static func words(_ arguments: [String]) -> String {
    ([Checkout.program] + arguments).map { "'\($0)'" }.joined(separator: " ")
  }

  /// Starts a program that says `ready`, as those of Tests/Victims do.
  func start(_ command: String) throws -> Inmate {
    let number = state.withLock { state in
      state.count += 1
      return state.count
    }
    let (input, output) = ("input\(number)", "output\(number)")
    let text = try self.output(
      """
      mkfifo \(input) \(output); exec {\(input)}<>\(input) {\(output)}<>\(output)
      \(command) <\(input) >\(output) 2>&1 & echo $!
      read -rt 60 answer <&$\(output) && [[ $answer == ready ]]
      """)
    guard let pid = Int32(text.filter(\.isNumber)) else { throw VictimTrouble("\(command) was not started: \(text)") }
    return Inmate(pid: pid, input: input, output: output)
  }

  /// Sends a line to a process and gives the line back that it answers.
  func ask(_ inmate: Inmate, _ line: String) throws -> String {
    let text = try output(
      "echo '\(line)' >&$\(inmate.input); read -rt 60 answer <&$\(inmate.output); printf %s \"$answer\"")
    return text
  }

  /// Starts the program and lets it go on; signals reach it as they would from a terminal.
  func begin(_ arguments: String...) throws -> Job {
    try state.withLock { state in
      state.count += 1
      let (out, errors) = (file(state.count, "out"), file(state.count, "err"))
      // A shell without job control lets what runs in the background ignore SIGINT.
      state.shell.write(
        ": >'\(out)' >'\(errors)'; env --default-signal=INT \(Self.words(arguments)) </dev/null >'\(out)' 2>'\(errors)' & echo \"$!\"\n"
      )
      let line = try state.shell.readLine(until: .now + .seconds(120))
      guard let pid = Int32(line) else { throw VictimTrouble("the shell said \(line)") }
      return Job(pid: pid, number: state.count)
    }
  }

  /// What a job has written to standard output until now.
  func output(of job: Job) throws -> String { try Command.output(["cat", file(job.number, "out")]) }

  /// Waits for the end of a job.
  func end(_ job: Job, deadline: Duration = .seconds(120)) throws -> Command {
    try state.withLock { state in
      state.shell.write("wait \(job.pid); echo \"$?\"\n")
      return try Self.result(&state.shell, file(job.number, "out"), file(job.number, "err"), deadline)
    }
  }

  /// A digest of all bytes that a process has of a file: its code, its constants and its variables.
  func digest(of path: String, in inmate: Inmate) throws -> String {
    let script = """
      import hashlib, sys
      digest = hashlib.sha256()
      with open(f'/proc/{sys.argv[1]}/mem', 'rb') as memory:
          for line in open(f'/proc/{sys.argv[1]}/maps'):
              if line.split()[-1] == sys.argv[2] and 'r' in line.split()[1]:
                  begin, end = (int(number, 16) for number in line.split()[0].split('-'))
                  memory.seek(begin); digest.update(memory.read(end - begin))
      print(digest.hexdigest())
      """
    let file = folder.file("digest.py")
    _ = try Command.run(["sh", "-c", "cat > '\(file)'"], input: script)
    return try output("/usr/bin/python3 '\(file)' \(inmate.pid) '\(path)'")
  }

  /// How many mappings of patches a process has.
  func mappings(of inmate: Inmate) throws -> Int {
    Int(try output("grep -c lpreconcile: /proc/\(inmate.pid)/maps || true").filter(\.isNumber)) ?? -1
  }

  /// Which process traces one: 0 for none.
  func tracer(of inmate: Inmate) throws -> String {
    try output("sed -n 's/TracerPid:.//p' /proc/\(inmate.pid)/status").filter(\.isNumber)
  }
}
