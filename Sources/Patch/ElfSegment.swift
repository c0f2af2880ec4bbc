/// A program header of an ELF file (`Elf64_Phdr`), whose extent lies within the file.
package struct ElfSegment: Equatable, Sendable {
  /// `p_type`.
  package let type: UInt32
  /// `p_flags`.
  package let flags: UInt32
  /// `p_offset`.
  package let offset: UInt64
  /// `p_vaddr`.
  package let address: LinkAddress
  /// `p_filesz`.
  package let fileSize: UInt64
  /// `p_memsz`.
  package let memorySize: UInt64
  /// `p_align`.
  package let alignment: UInt64
}
