package import Patch

/// What the stacks of a stopped process say against a switch; both lists empty when nothing does.
package struct StackFindings: Equatable, Sendable {
  /// A function (or patch code) that a thread is in.
  package struct Use: Equatable, Sendable {
    package var tid: Int32
    /// The index of the range asked for.
    package var function: Int
    /// Whether a frame proves it; otherwise a word could not be explained and counts.
    package var isProven: Bool
    /// The frames from the innermost on, as far as they could be walked.
    package var backtrace: [StackWalk.Frame]
  }

  /// An instruction pointer that lies strictly inside bytes that are about to change.
  package struct Inside: Equatable, Sendable {
    package enum Location: Equatable, Sendable {
      /// The thread stands there.
      case instructionPointer
      /// A signal handler interrupted it there: its saved instruction pointer's address.
      case signalFrame(RemoteAddress)
      /// A call returns there: the return address's address.
      case returnAddress(RemoteAddress)
      /// A word on the stack that the walk does not explain.
      case unexplained(RemoteAddress)
    }
    package var tid: Int32
    /// The index of the place asked for.
    package var place: Int
    package var location: Location
    package var value: RemoteAddress
  }

  package var uses: [Use] = []
  package var inside: [Inside] = []
  /// How many bytes of stack were looked through.
  package var scannedBytes = 0
}
