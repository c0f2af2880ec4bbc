/// One replaced function as it is to look in one process.
package struct LinkedFunction: Equatable, Sendable {
  /// The target's name for it.
  package let symbol: String
  /// Where the branch goes: the function's address and the entry's offset.
  package let place: RemoteAddress
  /// What stands at the place before.
  package let original: [UInt8]
  /// The branch to the gate, as long as `original`; nil where only the direct form is possible.
  package let gateBranch: [UInt8]?
  /// The branch to the replacement, as long as `original`.
  package let directBranch: [UInt8]
  /// The replaced function.
  package let function: Range<RemoteAddress>
  /// Where the direct branch leads.
  package let replacement: RemoteAddress
  /// The gate; nil where only the direct form is possible.
  package let gate: RemoteAddress?
  /// The gate's 8-byte aligned slot: where calls go while the patch's bit is not set.
  ///
  /// Initially it holds ``moved``.
  package let elseSlot: RemoteAddress?
  /// The moved entry instructions.
  package let moved: RemoteAddress?
  /// Where a thread found at an instruction inside the overwritten bytes continues in the moved copy.
  package let movedInstructions: [MovedAddress]
  /// Whether the function itself branches to the place of the branch.
  package let branchesToEntry: Bool
  /// Code of the replaced function that lies apart.
  package let parts: [Range<RemoteAddress>]

  /// One instruction of the entry and its moved copy.
  package struct MovedAddress: Equatable, Sendable {
    package let original: RemoteAddress
    package let moved: RemoteAddress
  }
}
