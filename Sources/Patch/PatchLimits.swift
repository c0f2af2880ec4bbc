/// What an artifact may be at most; beyond it is refused, so that no file can take unbounded memory or time.
package enum PatchLimits {
  /// The file, in bytes.
  package static let fileSize = 64 << 20
  /// The description of itself (`.lpatch.info`), in bytes.
  package static let infoSize: UInt64 = 16 << 20
  /// All that is loaded, in bytes, `.bss` included; so every distance inside an image fits 32 bits.
  package static let loadedSize: UInt64 = 256 << 20
  /// The string table of the symbols, in bytes.
  package static let stringsSize: UInt64 = 16 << 20
  /// Symbols.
  package static let symbols: UInt64 = 1_000_000
  /// Relocations of all loaded sections.
  package static let relocations: UInt64 = 2_000_000
  /// Replaced functions.
  package static let functions = 65_536
  /// Pieces of one replaced function that lie apart.
  package static let parts = 64
  /// The name of a symbol, in bytes.
  package static let symbolName = 4096
  /// The name of a patch, in bytes.
  package static let patchName = 64
  /// A text for people, a path or a compiler flag, in bytes.
  package static let text = 4096
  /// Fixes; compiler flags.
  package static let texts = 4096
  /// Addresses of a target lie below: the lower half of the address space with four-level page tables.
  package static let addressEnd: UInt64 = 1 << 47
}
