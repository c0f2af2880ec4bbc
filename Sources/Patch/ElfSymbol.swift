/// A symbol of an ELF file (`Elf64_Sym`) with its name and version.
package struct ElfSymbol: Equatable, Sendable {
  /// Its place in its table.
  package let index: Int
  package let name: String
  /// `st_value`: an address; in a relocatable object an offset in the section; for a thread-local symbol of a linked file
  /// an offset in the thread-local segment.
  package let value: UInt64
  /// `st_size`.
  package let size: UInt64
  package let type: Kind
  package let binding: Binding
  /// `STV_…` of `st_other`.
  package let visibility: Visibility
  package let place: Place
  /// The symbol version, such as `GLIBC_2.14`; nil for an unversioned one and outside `.dynsym`.
  package let version: String?
  /// Whether a definition serves references that name no version (`name@@VERSION`, not `name@VERSION`).
  package let isDefaultVersion: Bool

  /// `STT_…`.
  package enum Kind: Equatable, Sendable {
    case none, object, function, section, file, common, threadLocal, indirectFunction
    case other(UInt8)
  }
  /// `STB_…`.
  package enum Binding: Equatable, Sendable {
    case local, global, weak, unique
    case other(UInt8)
  }
  /// `STV_…`.
  package enum Visibility: UInt8, Sendable {
    case `default`, `internal`, hidden, protected
  }
  /// `st_shndx`.
  package enum Place: Equatable, Sendable {
    case undefined, absolute, common
    /// The index of a section; within the table of a file that has one.
    case section(Int)
    case other(UInt16)
  }

  /// The undefined symbol at the head of every table, which relocations name that mean none.
  package static let null = ElfSymbol(
    index: 0, name: "", value: 0, size: 0, type: .none, binding: .local, visibility: .default, place: .undefined,
    version: nil, isDefaultVersion: true)

  /// The same with another value.
  package func moved(to value: UInt64) -> ElfSymbol {
    ElfSymbol(
      index: index, name: name, value: value, size: size, type: type, binding: binding, visibility: visibility,
      place: place, version: version, isDefaultVersion: isDefaultVersion)
  }

  /// Whether the file itself defines the symbol.
  package var isDefined: Bool { place != .undefined }
}
