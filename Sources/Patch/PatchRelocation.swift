/// A place in a section that is to be filled in (`Elf64_Rela`).
package struct PatchRelocation: Equatable, Sendable {
  /// In bytes from the section's beginning; the whole field lies in the section.
  package let offset: UInt64
  package let type: X86_64RelocationType
  /// The index in ``PatchObject/symbols``; nil for symbol 0, which stands for the number 0.
  package let symbol: Int?
  package let addend: Int64
}
