internal import CElf

/// The type of a relocation (x86-64 psABI 4.4, table 4.9).
package struct X86_64RelocationType: Hashable, Sendable {
  package let number: UInt32
  package init(_ number: UInt32) { self.number = number }

  /// The psABI's name, or the number where there is none.
  package var name: String {
    number < X86_64RelocationType.names.count ? X86_64RelocationType.names[Int(number)] : "relocation type \(number)"
  }

  /// The size of the field in bytes; 0 where there is none, and for unknown types.
  package var fieldSize: UInt64 {
    switch self {
    case .absolute64, .pc64, .tpoff64, .dtpoff64, .gotoff64, .got64, .gotpcrel64, .gotpc64, .gotplt64, .pltoff64,
      .size64, .dtpmod64:
      8
    case .pc32, .got32, .plt32, .gotpcrel, .absolute32, .signed32, .tlsgd, .tlsld, .dtpoff32, .gottpoff, .tpoff32,
      .gotpc32, .size32, .gotpc32TLSDescriptor, .gotpcrelx, .rexGotpcrelx:
      4
    case .absolute16, .pc16, .tlsDescriptorCall: 2
    case .absolute8, .pc8: 1
    default: 0
    }
  }

  /// Whether the field gets the distance to an entry of the offset table, or its place in it.
  var needsTableEntry: Bool {
    switch self {
    case .got32, .gotpcrel, .got64, .gotpcrel64, .gotplt64, .gotpcrelx, .rexGotpcrelx, .gottpoff: true
    default: false
    }
  }

  package static let none = type(R_X86_64_NONE)
  package static let absolute64 = type(R_X86_64_64)
  package static let pc32 = type(R_X86_64_PC32)
  package static let got32 = type(R_X86_64_GOT32)
  package static let plt32 = type(R_X86_64_PLT32)
  package static let gotpcrel = type(R_X86_64_GOTPCREL)
  package static let absolute32 = type(R_X86_64_32)
  package static let signed32 = type(R_X86_64_32S)
  package static let absolute16 = type(R_X86_64_16)
  package static let pc16 = type(R_X86_64_PC16)
  package static let absolute8 = type(R_X86_64_8)
  package static let pc8 = type(R_X86_64_PC8)
  package static let dtpmod64 = type(R_X86_64_DTPMOD64)
  package static let dtpoff64 = type(R_X86_64_DTPOFF64)
  package static let tpoff64 = type(R_X86_64_TPOFF64)
  package static let tlsgd = type(R_X86_64_TLSGD)
  package static let tlsld = type(R_X86_64_TLSLD)
  package static let dtpoff32 = type(R_X86_64_DTPOFF32)
  package static let gottpoff = type(R_X86_64_GOTTPOFF)
  package static let tpoff32 = type(R_X86_64_TPOFF32)
  package static let pc64 = type(R_X86_64_PC64)
  package static let gotoff64 = type(R_X86_64_GOTOFF64)
  package static let gotpc32 = type(R_X86_64_GOTPC32)
  package static let got64 = type(R_X86_64_GOT64)
  package static let gotpcrel64 = type(R_X86_64_GOTPCREL64)
  package static let gotpc64 = type(R_X86_64_GOTPC64)
  package static let gotplt64 = type(R_X86_64_GOTPLT64)
  package static let pltoff64 = type(R_X86_64_PLTOFF64)
  package static let size32 = type(R_X86_64_SIZE32)
  package static let size64 = type(R_X86_64_SIZE64)
  package static let gotpc32TLSDescriptor = type(R_X86_64_GOTPC32_TLSDESC)
  package static let tlsDescriptorCall = type(R_X86_64_TLSDESC_CALL)
  package static let gotpcrelx = type(R_X86_64_GOTPCRELX)
  package static let rexGotpcrelx = type(R_X86_64_REX_GOTPCRELX)

  private static func type(_ number: Int32) -> X86_64RelocationType {
    X86_64RelocationType(UInt32(truncatingIfNeeded: number))
  }

  private static let names = [
    "R_X86_64_NONE", "R_X86_64_64", "R_X86_64_PC32", "R_X86_64_GOT32", "R_X86_64_PLT32", "R_X86_64_COPY",
    "R_X86_64_GLOB_DAT", "R_X86_64_JUMP_SLOT", "R_X86_64_RELATIVE", "R_X86_64_GOTPCREL", "R_X86_64_32",
    "R_X86_64_32S", "R_X86_64_16", "R_X86_64_PC16", "R_X86_64_8", "R_X86_64_PC8", "R_X86_64_DTPMOD64",
    "R_X86_64_DTPOFF64", "R_X86_64_TPOFF64", "R_X86_64_TLSGD", "R_X86_64_TLSLD", "R_X86_64_DTPOFF32",
    "R_X86_64_GOTTPOFF", "R_X86_64_TPOFF32", "R_X86_64_PC64", "R_X86_64_GOTOFF64", "R_X86_64_GOTPC32",
    "R_X86_64_GOT64", "R_X86_64_GOTPCREL64", "R_X86_64_GOTPC64", "R_X86_64_GOTPLT64", "R_X86_64_PLTOFF64",
    "R_X86_64_SIZE32", "R_X86_64_SIZE64", "R_X86_64_GOTPC32_TLSDESC", "R_X86_64_TLSDESC_CALL", "R_X86_64_TLSDESC",
    "R_X86_64_IRELATIVE", "R_X86_64_RELATIVE64", "R_X86_64_PC32_BND", "R_X86_64_PLT32_BND", "R_X86_64_GOTPCRELX",
    "R_X86_64_REX_GOTPCRELX", "R_X86_64_CODE_4_GOTPCRELX", "R_X86_64_CODE_4_GOTTPOFF",
    "R_X86_64_CODE_4_GOTPC32_TLSDESC", "R_X86_64_CODE_5_GOTPCRELX", "R_X86_64_CODE_5_GOTTPOFF",
    "R_X86_64_CODE_5_GOTPC32_TLSDESC", "R_X86_64_CODE_6_GOTPCRELX", "R_X86_64_CODE_6_GOTTPOFF",
    "R_X86_64_CODE_6_GOTPC32_TLSDESC",
  ]
}
