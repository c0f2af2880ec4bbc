package import Patch

/// Where the signal frame of a remote call is written.
package enum SignalFramePlace: Equatable, Sendable {
  /// Below the thread's own stack pointer and its red zone, where the stack provably has room.
  case ownStack
  /// In a writable place of ours, at its upper end.
  case scratch(Range<RemoteAddress>)
}
