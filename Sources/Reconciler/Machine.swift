package import LiveProcess
package import Patch

/// The machine as the executor sees it: looked at, and changed one process at a time.
///
/// ``LinuxMachine`` is the real one; the tests model it.
package protocol Machine: Sendable {
  /// Looks at every process that the question may mean, without stopping or changing any.
  func observe(_ question: Question) -> Observation

  /// Runs one transition, on the calling thread.
  func transition(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome
}

/// How far a look at the machine has come.
package enum LookProgress: Equatable, Sendable {
  /// So many of all processes have been asked for what they map.
  case looking(done: Int, of: Int)
  /// So many of those that matter have been read.
  case reading(done: Int, of: Int)
  case over
}

/// What a look is about, so that nothing is read that no one asked for.
package struct Question: Equatable, Sendable {
  /// The paths and globs of the manifests, as written.
  package var binaries: [String]
  /// The builds that the manifests list.
  package var builds: Set<BuildID>
  /// Only these processes; nil for all.
  package var processes: Set<ProcessID>?

  package init(binaries: [String], builds: Set<BuildID>, processes: Set<ProcessID>? = nil) {
    self.binaries = binaries
    self.builds = builds
    self.processes = processes
  }

  package init(about desired: DesiredState, processes: Set<ProcessID>? = nil) {
    self.init(
      binaries: desired.sets.map(\.binary).uniqued(),
      builds: Set(desired.sets.flatMap { $0.builds.map(\.buildID) }), processes: processes)
  }
}

extension Question {
  /// The processes that `--pid` names; nil for all.
  package static func processes(_ numbers: [Int32]) -> Set<ProcessID>? {
    numbers.isEmpty ? nil : Set(numbers.map { ProcessID($0) })
  }
}
