/// Why an artifact cannot be linked for a place in memory: facts, from which the command line makes the text.
package struct LinkRefused: Error, Equatable, Sendable {
  /// The symbol that is referred to; empty where none is.
  package let symbol: String
  /// The relocation's name, such as `R_X86_64_PC32`; nil where the refusal is not about one.
  package let relocation: String?
  /// The section that holds the reference; nil where there is none.
  package let section: String?
  /// Where the reference stands, in bytes from the section's beginning.
  package let offset: UInt64?
  package let reason: Reason

  package enum Reason: Error, Equatable, Sendable {
    /// The value does not fit the field; for a position-independent reference the two are too far apart.
    case outOfReach(value: UInt64, bits: Int)
    /// No branch of the entry's length reaches from the place in the target to the image.
    case branchOutOfReach(from: RemoteAddress, to: RemoteAddress)
    /// The type of relocation is not for this kind of object, or unknown.
    case unsupportedRelocation(type: UInt32)
    /// The instructions around a thread-local reference are not the psABI's sequence.
    case unknownSequence(bytes: [UInt8])
    /// A thread-local relocation to a symbol that is not thread-local, or the other way round.
    case threadLocalMismatch
    /// A symbol that is not weak and that nothing defines in this process.
    case unresolvedImport
    /// The size of a symbol of another file is not known to the artifact.
    case sizeUnknown
    /// The reference is to a section that is not loaded, such as debug information.
    case notLoaded
    /// The address of a function is taken that replaces several functions of the target, so that it has several.
    case ambiguousAddress([LinkAddress])
    /// The artifact's place would not lie in the lower half of the address space.
    case badPlace(RemoteAddress)
  }

  package init(
    symbol: String, relocation: String? = nil, section: String? = nil, offset: UInt64? = nil, reason: Reason
  ) {
    self.symbol = symbol
    self.relocation = relocation
    self.section = section
    self.offset = offset
    self.reason = reason
  }
}
