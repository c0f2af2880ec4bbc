/// How the branches at the entries are written in one process.
package enum BranchForm: Equatable, Sendable {
  /// As each entry says: five bytes that reach 2 GiB, unless it has the absolute form only.
  case near
  /// 14 bytes at every entry, which reach everything: for an image that lies elsewhere.
  case far
}

extension ReplacedFunction.Entry {
  /// The bytes that the branch overwrites in a form.
  package func original(in form: BranchForm) -> [UInt8] {
    form == .far ? far?.original.bytes ?? original.bytes : original.bytes
  }

  /// Where the overwritten instructions are and whether the function branches to them, in a form; nil for the direct form.
  func moved(in form: BranchForm) -> (instructions: [ReplacedFunction.MovedInstruction], branchesToEntry: Bool)? {
    guard case .moved(_, let instructions, let branchesToEntry) = gate else { return nil }
    guard form == .far, let far else { return (instructions, branchesToEntry) }
    return (far.instructions, far.branchesToEntry)
  }

  /// Whether a branch of the entry can reach everything.
  package var reachesEverything: Bool { far != nil || original.bytes.count == X86_64Branch.absoluteLength }
}
