internal import Patch

/// How the entry of one function is to be overwritten.
struct EntryPlan: Equatable, Sendable {
  /// In bytes from the function's address: 0, or 4 behind an `endbr64`.
  let offset: UInt64
  /// Where the branch is written.
  let place: UInt64
  /// The bytes that the branch overwrites.
  let original: [UInt8]
  /// The instructions that the branch overwrites, whole.
  let instructions: [X86_64Instruction]
  /// Where the moved copy jumps back to; nil when its last instruction goes elsewhere.
  let resumesAt: UInt64?
  /// Whether the function branches to the place of the branch.
  let branchesToEntry: Bool
  /// The form that the copy is for.
  let form: BranchForm
  /// Why the instructions cannot be moved; nil when they can.
  let cannotMove: String?
}
