internal import Reconciler
internal import Synchronization

/// Says on a terminal how far a look at many processes has come; a short look says nothing.
final class LookLine: Sendable {
  private struct State {
    var what = ""
    var start = ContinuousClock.now
    var next = ContinuousClock.now + LookLine.interval
    var isDrawn = false
  }

  /// Until the first line, and from one to the next.
  private static let interval = Duration.milliseconds(80)

  private let state = Mutex(State())
  private let isShown: Bool

  init(isShown: Bool) { self.isShown = isShown }

  func show(_ progress: LookProgress) {
    guard isShown else { return }
    state.withLock { state in
      switch progress {
      case .looking(let done, let total): draw("looking at processes", done, total, &state)
      case .reading(let done, let total): draw("reading what they carry", done, total, &state)
      case .over:
        if state.isDrawn { Output.error("\r\u{1b}[K") }
        state = State()
      }
    }
  }

  private func draw(_ what: String, _ done: Int, _ total: Int, _ state: inout State) {
    let now = ContinuousClock.now
    if what != state.what { (state.what, state.start) = (what, now) }
    guard now >= state.next else { return }
    state.next = now + Self.interval
    state.isDrawn = true
    let left = done > 0 ? (now - state.start) / done * (total - done) : .zero
    let rest = left >= .seconds(1) ? " · about \(left.components.seconds) s left" : ""
    Output.error("\r\u{1b}[K\(what): \(done) of \(total)\(rest)")
  }
}
