internal import Glibc

/// What a finished command left.
package struct Command: Sendable {
  /// The exit status; 128 and the signal's number when a signal ended it.
  package let status: Int32
  /// What it wrote to standard output.
  package let output: String
  /// What it wrote to standard error.
  package let errors: String

  package init(status: Int32, output: String, errors: String) {
    self.status = status
    self.output = output
    self.errors = errors
  }

  /// Runs a command to its end.
  ///
  /// `arguments`: the program, by its path or looked for in PATH, and its arguments.
  /// `input`: what it reads as standard input.
  /// `environment`: the variables it gets; nil for those of the test.
  /// `deadline`: after it, the command is killed and an error thrown.
  package static func run(
    _ arguments: [String], input: String = "", environment: [String: String]? = nil,
    deadline: Duration = .seconds(120)
  ) throws(VictimTrouble) -> Command {
    let directory = arguments.isEmpty ? "nothing" : arguments[0]
    var child = try ChildProcess(arguments, environment: environment, collectsErrors: true)
    let end = ContinuousClock.now + deadline
    child.write(input)
    child.closeInput()
    var output: [UInt8] = []
    var errors: [UInt8] = []
    guard child.readToEnd(output: &output, errors: &errors, until: end) else {
      throw VictimTrouble("\(directory) has not ended after \(deadline)")
    }
    let status = child.wait()
    return Command(
      status: status, output: String(decoding: output, as: UTF8.self), errors: String(decoding: errors, as: UTF8.self))
  }

  /// Runs a command and gives its standard output back; throws with its standard error when it fails.
  package static func output(
    _ arguments: [String], input: String = "", deadline: Duration = .seconds(120)
  ) throws(VictimTrouble) -> String {
    let done = try run(arguments, input: input, deadline: deadline)
    guard done.status == 0 else {
      throw VictimTrouble("\(arguments.joined(separator: " ")): status \(done.status)\n\(done.errors)\(done.output)")
    }
    return done.output
  }
}
