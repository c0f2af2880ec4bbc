/// A symbol of an artifact, resolved to what it stands for.
package struct PatchSymbol: Equatable, Sendable {
  package enum Definition: Equatable, Sendable {
    /// A place in a loaded section: the section's index in ``PatchObject/sections`` and an offset not beyond its end.
    case section(Int, offset: UInt64)
    /// A number.
    case absolute(UInt64)
    /// A place of the target: the index in `info.targetReferences`.
    case target(Int)
    /// A symbol of another library: the index in `info.imports`.
    case imported(Int)
    /// The image's own offset table (`_GLOBAL_OFFSET_TABLE_`).
    case offsetTable
    /// `__tls_get_addr`, whose calls are replaced by the local-exec sequence.
    case threadLocalGetter
    /// A place in a section that is not loaded, such as debug information.
    case unloaded
  }
  /// The undefined symbols that the linker itself defines, and that therefore no description lists.
  package static let definedByLinker: Set<String> = ["_GLOBAL_OFFSET_TABLE_", "__tls_get_addr"]

  /// Empty for a section symbol.
  package let name: String
  package let definition: Definition
  /// `st_size`; 0 where the artifact does not know it.
  package let size: UInt64
  package let isFunction: Bool
  package let isLocal: Bool
}
