/// A process whose threads are traced and run on.
package struct SeizedProcess: ~Copyable {
  /// Whose threads these are.
  package let identity: ProcessIdentity

  /// Seizes all threads without stopping any; new ones attach themselves.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package static func seize(_ identity: ProcessIdentity) throws(TraceRefused) -> SeizedProcess {
    throw .kernel(call: "ptrace", errno: 38)
  }

  /// Interrupts all threads and waits for them; past the deadline all run on.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package consuming func stop(before deadline: ContinuousClock.Instant) throws(TraceRefused) -> StoppedProcess {
    throw .kernel(call: "ptrace", errno: 38)
  }
}
