/// A section header of an ELF file (`Elf64_Shdr`), whose extent lies within the file.
package struct ElfSection: Equatable, Sendable {
  /// Its place in the table.
  package let index: Int
  package let name: String
  /// `sh_type`.
  package let type: UInt32
  /// `sh_flags`.
  package let flags: UInt64
  /// `sh_addr`.
  package let address: LinkAddress
  /// `sh_offset`.
  package let offset: UInt64
  /// `sh_size`, in memory for `SHT_NOBITS`, in the file otherwise.
  package let size: UInt64
  /// `sh_link`.
  package let link: UInt32
  /// `sh_info`.
  package let info: UInt32
  /// `sh_addralign`: 0 or a power of two.
  package let alignment: UInt64
  /// `sh_entsize`.
  package let entrySize: UInt64
}
