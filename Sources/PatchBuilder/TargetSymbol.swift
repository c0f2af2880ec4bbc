package import Patch

/// A symbol that the target defines, from whichever table.
package struct TargetSymbol: Hashable, Sendable {
  /// The name without a version.
  package let name: String
  /// The source file that a local symbol came from (`STT_FILE`); nil where the table does not say.
  package let file: String?
  /// Its address; for a thread-local variable its offset in the thread-local segment.
  package let address: LinkAddress
  /// In bytes; 0 where the table does not say.
  package let size: UInt64
  package let kind: Kind
  package let isLocal: Bool
  /// Whether other files of the target were compiled to refer to it: what a linker has made local (by a version script, or because it
  /// is hidden) stands behind the last file's.
  package var isForOthers: Bool { !isLocal || file == nil }

  package enum Kind: Hashable, Sendable {
    case function, object, threadLocal
    /// The resolver of a function that chooses its implementation when the program starts (`STT_GNU_IFUNC`).
    case indirectFunction
    /// Assembly code and marks of the linker (`STT_NOTYPE`).
    case unknown
  }

  /// What to write to mean just this one.
  package var unique: String { "\(name)@\(address)" }
}
