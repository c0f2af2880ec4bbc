internal import Glibc
internal import Reconciler
internal import Synchronization

/// Shows what an apply is doing: one line an event in a log, redrawn on a terminal.
final class Progress: Sendable {
  private struct State {
    var lines = 0
    var told: Set<Int> = []
    var isDrawn = false
  }

  private let state = Mutex(State())
  private let style: Style
  private let redraws: Bool
  private let isVerbose: Bool
  /// How many lines at most without `-v`; the report at the end says the rest.
  private static let limit = 12

  init(_ output: OutputOptions) {
    style = output.style(for: STDOUT_FILENO)
    isVerbose = output.verbose
    redraws = output.redraws(STDOUT_FILENO)
  }

  func show(_ event: ExecutionLine) {
    state.withLock { state in
      if event.isPassing {
        if redraws {
          // Without colour, so that it can be cut: a line that wraps cannot be redrawn.
          Output.out("\r\u{1b}[K\(event.text(Style(isOn: false)).prefix(Output.width(of: STDOUT_FILENO) - 1))")
          state.isDrawn = true
        } else if event.isWaiting, state.told.insert(event.index).inserted {
          emit(event, &state)
        }
      } else {
        emit(event, &state)
      }
    }
  }

  private func emit(_ event: ExecutionLine, _ state: inout State) {
    if state.isDrawn { Output.out("\r\u{1b}[K") }
    state.isDrawn = false
    state.lines += 1
    guard isVerbose || state.lines <= Self.limit else { return }
    Output.out(event.text(style) + "\n")
    if !isVerbose, state.lines == Self.limit { Output.out("… (further ones are counted at the end; -v shows each)\n") }
  }

  /// Clears what is drawn and not done.
  func end() {
    state.withLock { state in
      if state.isDrawn { Output.out("\r\u{1b}[K") }
      state.isDrawn = false
    }
  }
}
