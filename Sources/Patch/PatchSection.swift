/// A section of an artifact that is loaded into the target.
package struct PatchSection: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// Instructions: mapped readable and executable.
    case text
    /// Constants, constants with relocations (`.data.rel.ro`), tables: mapped readable.
    case readOnly
    /// Call-frame information (`.eh_frame`): mapped readable, all of it together.
    case unwind
    /// Variables with a value: mapped readable and writable.
    case data
    /// Variables that begin as zero: mapped readable and writable.
    case zero
  }
  package let name: String
  package let kind: Kind
  /// A power of two, at most the page size.
  package let alignment: UInt64
  /// In bytes.
  package let size: UInt64
  /// ``size`` bytes; none for ``Kind/zero``.
  package let content: [UInt8]
  /// What is to be filled in, in the file's order.
  package let relocations: [PatchRelocation]
}
