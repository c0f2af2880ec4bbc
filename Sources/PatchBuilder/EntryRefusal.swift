package import Patch

/// Why no branch can be written at a function's entry.
package enum EntryRefusal: Error, Equatable, Sendable {
  /// It has no size, so that nobody knows where it ends.
  case sizeUnknown
  /// Its bytes are not in the file.
  case notInFile
  /// Fewer bytes than a branch needs, and no padding behind them that could be used.
  case tooShort(size: UInt64, usable: UInt64)
  /// The branch would lie on two pages: such a write is not whole when the writer is killed.
  case crossesPage(at: LinkAddress)
  /// The code branches into the bytes that the branch would overwrite.
  case branchInto(from: LinkAddress, to: LinkAddress)
  /// A pointer or a jump table leads into the bytes that the branch would overwrite.
  case pointerInto(at: LinkAddress, to: LinkAddress)
  /// Another symbol begins inside the bytes that the branch would overwrite.
  case anotherSymbolWithin(String)
  /// A call returns into the bytes that the branch would overwrite.
  case returnsInto(LinkAddress)
  /// The file holds a breakpoint instruction there.
  case breakpoint(at: LinkAddress)
  case undecodable(at: LinkAddress)
  /// The code reads flags that the gate changes.
  case flagsLive(at: LinkAddress)
  /// The code branches back to its entry and keeps data below its stack pointer, where the gate writes.
  case redZoneLive(at: LinkAddress)
  /// It runs past its last byte into what follows.
  case runsOff
}
