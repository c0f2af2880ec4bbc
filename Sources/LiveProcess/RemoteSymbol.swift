internal import CElf
package import Patch

/// One dynamic symbol of an image in memory (`Elf64_Sym`).
package struct RemoteSymbol: Equatable, Sendable {
  /// Its place in the table, by which relocations name it.
  package let index: Int
  package let name: String
  package let value: LinkAddress
  package let size: UInt64
  /// `STT_…`.
  package let type: UInt8
  /// `STB_…`.
  package let binding: UInt8
  /// `STV_…`.
  package let visibility: UInt8
  /// `st_shndx`.
  package let section: UInt16
  /// The version's name; nil for an unversioned symbol.
  package let version: String?
  /// Whether a definition serves references without a version.
  package let isDefaultVersion: Bool
  /// Whether the versions make it local.
  package let isLocalVersion: Bool

  /// Whether other objects may be bound to it.
  package var isExported: Bool {
    section != UInt16(SHN_UNDEF) && !isLocalVersion
      && [UInt8(STB_GLOBAL), UInt8(STB_WEAK), UInt8(STB_GNU_UNIQUE)].contains(binding)
      && [UInt8(STV_DEFAULT), UInt8(STV_PROTECTED)].contains(visibility)
  }
}
