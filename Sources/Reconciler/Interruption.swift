internal import Synchronization

/// Whether somebody wants the work to end at the next safe moment: set by Ctrl-C, read by every worker.
package final class Interruption: Sendable {
  private let wanted = Atomic<Bool>(false)
  package init() {}

  /// Whether to begin nothing new.
  package var isWanted: Bool { wanted.load(ordering: .acquiring) }

  /// Asks for the end.
  package func want() { wanted.store(true, ordering: .releasing) }
}
