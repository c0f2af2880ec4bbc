/// Why a file cannot be read as ELF: which field, where, what was found, and what would be allowed.
package struct DamagedElf: Error, Equatable, Sendable {
  /// The field, such as `section 3 sh_offset`.
  package let field: String
  /// Where it stands, in bytes from the beginning of the file; nil where that says nothing.
  package let offset: UInt64?
  /// What stands there.
  package let found: String
  /// What would be allowed.
  package let allowed: String

  package init(field: String, offset: UInt64? = nil, found: String, allowed: String) {
    self.field = field
    self.offset = offset
    self.found = found
    self.allowed = allowed
  }
}
