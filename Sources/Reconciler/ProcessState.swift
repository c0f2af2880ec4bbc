/// The state of a process, as `plan`, `status` and `verify` name it: exactly one word each.
package enum ProcessState: String, CaseIterable, Codable, Sendable {
  /// It carries what the manifests ask for, and memory shows it.
  case converged
  /// It lacks something or carries something that is not listed.
  case outdated
  /// Memory is not what the patches it carries had written.
  case drifted
  /// It maps the binary in a build that no manifest lists.
  case notCovered
  /// It carries patches for a build that no manifest lists.
  case unmanaged
  /// It could not be read.
  case unreadable

  /// The word for people.
  package var word: String {
    switch self {
    case .notCovered: "not covered"
    case .converged, .outdated, .drifted, .unmanaged, .unreadable: rawValue
    }
  }

  /// Of two findings about one process the one that it is named by.
  package static func worse(_ a: ProcessState, _ b: ProcessState) -> ProcessState { a.rank >= b.rank ? a : b }

  private var rank: Int {
    switch self {
    case .converged: 0
    case .unmanaged: 1
    case .notCovered: 2
    case .outdated: 3
    case .drifted: 4
    case .unreadable: 5
    }
  }
}
