internal import Patch

/// What has happened in a transition so far.
struct TransitionLog {
  var longestStop: Duration?
  var threads = 0
  var tries = 0
  var changed = false
  var keptLoaded: [TransitionOutcome.KeptLoaded] = []
  var valuesLeft: [ObservedPatch.Drift] = []
  var recovered: [String] = []

  /// Notes how long a stop was.
  mutating func note(stop: Duration) { longestStop = max(longestStop ?? .zero, stop) }

  var outcome: TransitionOutcome {
    TransitionOutcome(
      longestStop: longestStop, threads: threads, tries: tries, changed: changed, keptLoaded: keptLoaded,
      valuesLeft: valuesLeft, recovered: recovered)
  }
}
