internal import Glibc

/// Polls a condition until it holds or a deadline passes.
///
/// - Parameters:
///   - deadline: how long to poll.
///   - condition: asked every millisecond.
/// - Returns: whether the condition held in time.
package func eventually(deadline: Duration = .seconds(60), _ condition: () throws -> Bool) rethrows -> Bool {
  let end = ContinuousClock.now + deadline
  while true {
    if try condition() { return true }
    guard ContinuousClock.now < end else { return false }
    usleep(1_000)
  }
}
