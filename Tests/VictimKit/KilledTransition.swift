/// A transition by `TransitionDriver` that is killed in the middle.
package enum KilledTransition {
  /// What the thread that traces calls once it touches the process.
  ///
  /// Counted by thread, so calls that the program's start makes too are left out: with them the first thread would reach the count
  /// before the tracing one has begun.
  private static let calls =
    "ptrace,pwrite64,waitid,wait4,ftruncate,timer_create,timer_settime,timer_delete,sched_setattr,kcmp,flock"

  /// Runs the driver, and kills it when a thread makes its call of a number (strace(1), "Tampering").
  ///
  /// - Returns: whether that was before it was through.
  /// - Throws: where the transition is refused.
  package static func isKilled(atCall number: Int, _ arguments: [String]) throws -> Bool {
    let output = try Command.run(
      ["strace", "-f", "-qq", "-o", "/dev/null", "--inject=\(calls):signal=KILL:when=\(number)"]
        + [Checkout.root + "/.build/release/TransitionDriver"] + arguments
    ).output
    guard !output.contains("refused") else { throw VictimTrouble("killed at call \(number): \(output)") }
    return !output.contains("done")
  }
}
