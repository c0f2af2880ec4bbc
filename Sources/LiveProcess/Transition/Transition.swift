/// Brings one process from one set of patches to another: load, switch, unload.
package enum Transition {
  /// Does what is asked for, or leaves the process as it was and says why.
  ///
  /// Blocks until it is done; the tracing happens on a thread of its own, to which alone the kernel answers.
  package static func run(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
    try blocking(request)
  }

  private static func blocking(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
    try TracerThread.run { () throws(TransitionRefused) -> TransitionOutcome in
      try TransitionRun.perform(request)
    }
  }
}
