/// How the single mapping of a patch is divided, known before it has a place.
///
/// ```
/// 0 ┌──────────┐ ledger               r--   written by the loader
///   ├──────────┤ read-only data, slots, offset table, .eh_frame   r--
///   ├──────────┤ gates, stubs, text, moved copies                 r-x
///   ├──────────┤ data, bss            rw-
///   └──────────┘ size
/// ```
package struct ImageLayout: Equatable, Sendable {
  /// The size of a page, which every part is aligned to.
  package static let pageSize: UInt64 = 4096

  /// One part of the mapping.
  package struct Part: Equatable, Sendable {
    package enum Kind: Equatable, Sendable, CaseIterable {
      case ledger, readOnly, text, data
    }
    package let kind: Kind
    /// In bytes from the beginning of the mapping; a multiple of the page size.
    package let offset: UInt64
    /// In bytes; a multiple of the page size.
    package let size: UInt64

    /// Whether the part is mapped executable.
    package var isExecutable: Bool { kind == .text }
    /// Whether the part is mapped writable.
    package var isWritable: Bool { kind == .data }
  }

  /// The parts that have a size, by offset, without gaps.
  package let parts: [Part]
  /// The size of the whole mapping in bytes.
  package let size: UInt64

  /// The part of a kind; nil when the patch has none.
  package func part(_ kind: Part.Kind) -> Part? { parts.first { $0.kind == kind } }
}
