internal import Glibc
internal import Synchronization

/// Whether somebody wants the work to end at the next safe moment: set by Ctrl-C, read by every worker.
package final class Interruption: Sendable {
  private struct State {
    var isWanted = false
    var hasBegun = false
  }

  private let state = Mutex(State())
  package init() {}

  /// Whether to begin nothing new.
  package var isWanted: Bool { state.withLock(\.isWanted) }

  /// Asks for the end.
  ///
  /// - Returns: whether nothing has been begun, and nothing will be: who asked may end the program.
  @discardableResult package func want() -> Bool {
    state.withLock { state in
      state.isWanted = true
      return !state.hasBegun
    }
  }

  /// Begins what may change processes; does not return where the end was asked for before: who asked ends the program.
  package func begin() {
    let isLate = state.withLock { state in
      state.hasBegun = !state.isWanted
      return state.isWanted
    }
    while isLate { pause() }
  }
}
