/// A stopped thread that makes system calls for us; left alone at any instant it returns by itself to what it was doing.
package struct RemoteCall: ~Copyable {
  package let tid: Int32

  /// Makes one system call; the kernel's raw result, a negative errno value included.
  @available(*, noasync, message: "the kernel answers only the thread that seized")
  package mutating func perform(_ number: Int, _ arguments: UInt64...) throws(TraceRefused) -> Int64 {
    throw .kernel(call: "ptrace", errno: 38)
  }
}
