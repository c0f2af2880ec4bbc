/// A process all of whose threads stand still; when this value ends, they run on.
package struct StoppedProcess: ~Copyable {
  package let identity: ProcessIdentity
  /// Every thread, the oldest first, with its registers.
  package private(set) var threads: [StoppedThread]

  /// Writes one thread's general registers.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func setRegisters(_ registers: ThreadRegisters, of tid: Int32) throws(TraceRefused) {
    throw .kernel(call: "ptrace", errno: 38)
  }

  /// The first thread that may make these calls now, and can.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func usableThread(
    for calls: [RemoteSystemCall], at sites: RemoteCallSites
  ) throws(TraceRefused) -> Int32 {
    throw .kernel(call: "ptrace", errno: 38)
  }

  /// Lets one thread make system calls on its own process, and sets it back to where it stood.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func withRemoteCalls<Result>(
    in tid: Int32, at sites: RemoteCallSites, _ body: (inout RemoteCall) throws(TraceRefused) -> Result
  ) throws(TraceRefused) -> Result {
    throw .kernel(call: "ptrace", errno: 38)
  }

  /// Lets all threads run on, no longer traced.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package consuming func resume() throws(TraceRefused) {
    throw .kernel(call: "ptrace", errno: 38)
  }
}
