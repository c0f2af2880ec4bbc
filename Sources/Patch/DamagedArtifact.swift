/// Why a file is no artifact that this version can use: which field, where, what was found, and what would be allowed.
package struct DamagedArtifact: Error, Equatable, Sendable {
  /// What kind of trouble it is.
  package enum Kind: Equatable, Sendable {
    /// The file contradicts its format or itself.
    case damaged
    /// It was written by a newer version of the tool.
    case newerFormat
    /// It is a proper file that asks for something that this version refuses, such as a constructor.
    case unsupported
  }
  package let kind: Kind
  /// The field, such as `section 3 (.text) sh_offset` or `info.functions[2].entry.offset`.
  package let field: String
  /// Where it stands, in bytes from the beginning of the file; nil where that says nothing.
  package let offset: UInt64?
  /// What stands there.
  package let found: String
  /// What would be allowed.
  package let allowed: String

  package init(_ kind: Kind = .damaged, field: String, offset: UInt64? = nil, found: String, allowed: String) {
    self.kind = kind
    self.field = field
    self.offset = offset
    self.found = found
    self.allowed = allowed
  }

  /// The same trouble as the ELF reader saw it.
  init(_ cause: DamagedElf) {
    self.init(field: cause.field, offset: cause.offset, found: cause.found, allowed: cause.allowed)
  }
}
