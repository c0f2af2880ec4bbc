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

  package init(
    type: UInt32, flags: UInt32, offset: UInt64, address: LinkAddress, fileSize: UInt64, memorySize: UInt64,
    alignment: UInt64
  ) {
    self.type = type
    self.flags = flags
    self.offset = offset
    self.address = address
    self.fileSize = fileSize
    self.memorySize = memorySize
    self.alignment = alignment
  }
}
