import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("Each relocation is what the psABI says, or refused by name")
struct RelocationTests {
  /// One field at the 16th byte of `.data`, behind its own section's address and that of `thing`.
  struct Value: Sendable, CustomTestStringConvertible {
    var type: String
    var symbol = "thing"
    var addend: Int64 = 5
    var size = 8
    /// S, P, A and the data's beginning are known; the expected field.
    var expected: @Sendable (_ s: UInt64, _ p: UInt64, _ a: UInt64) -> UInt64
    var testDescription: String { type }
  }

  static let values: [Value] = [
    Value(type: "R_X86_64_NONE") { _, _, _ in 0 },
    Value(type: "R_X86_64_64") { s, _, a in s &+ a },
    Value(type: "R_X86_64_PC64") { s, p, a in s &+ a &- p },
    Value(type: "R_X86_64_PC32", size: 4) { s, p, a in s &+ a &- p },
    Value(type: "R_X86_64_PC16", size: 2) { s, p, a in s &+ a &- p },
    Value(type: "R_X86_64_PC8", size: 1) { s, p, a in s &+ a &- p },
    Value(type: "R_X86_64_32", symbol: "absolute", size: 4) { _, _, a in 0x41 &+ a },
    Value(type: "R_X86_64_32S", symbol: "absolute", addend: -0x42, size: 4) { _, _, _ in UInt64.max },
    Value(type: "R_X86_64_16", symbol: "absolute", size: 2) { _, _, a in 0x41 &+ a },
    Value(type: "R_X86_64_8", symbol: "absolute", size: 1) { _, _, a in 0x41 &+ a },
    Value(type: "R_X86_64_SIZE32", size: 4) { _, _, a in 24 &+ a },
    Value(type: "R_X86_64_SIZE64") { _, _, a in 24 &+ a },
    Value(type: "R_X86_64_TPOFF64", symbol: "host_tls", addend: 0) { _, _, _ in UInt64(bitPattern: tlsOffset()) },
    Value(type: "R_X86_64_TPOFF32", symbol: "host_tls", addend: 0, size: 4) { _, _, _ in UInt64(bitPattern: tlsOffset())
    },
  ]

  /// Where the host's thread-local variable lies, as its own code says: the displacement of the reference in it.
  static func tlsOffset() -> Int64 {
    guard let host = try? ImageHost(flags: ["-pie", "-fPIE"]),  // nil shows as a wrong value in the test
      let symbol = try? host.elf.symbols(.full).first(where: { $0.name == "host_tls" })
    else { return 0 }
    return host.elf.threadPointerOffset(ofSymbolValue: symbol.value) ?? 0
  }

  @Test("The value of a field", arguments: values)
  func value(_ value: Value) throws {
    let bytes = try AssembledArtifact.make(
      """
      .globl absolute
      absolute = 0x41
      .data
      start: .quad start
      .quad thing
      .reloc ., \(value.type), \(value.symbol)\(value.addend < 0 ? "" : "+")\(value.addend)
      .quad 0
      .globl thing
      .type thing, @object
      thing: .quad 1, 2, 3
      .size thing, 24
      .text
      movq host_tls@gottpoff(%rip), %rax
      """)
    let artifact = try PatchArtifact(reading: bytes)
    let image = try AssembledArtifact.link(artifact)
    let part = try #require(PatchLinker(artifact, ledgerSize: 0).layout.part(.data))
    let at = Int(part.offset)
    let start = try #require(image.bytes.little(UInt64.self, at: at))
    #expect(start == AssembledArtifact.base.value + part.offset)
    let s = try #require(image.bytes.little(UInt64.self, at: at + 8))
    let expected = value.expected(s, start + 16, UInt64(bitPattern: value.addend))
    #expect(
      Array(image.bytes[(at + 16)..<(at + 24)]) == Array(expected.littleEndianBytes.prefix(value.size))
        + [UInt8](repeating: 0, count: 8 - value.size))
  }

  /// Types that count from the image's offset table, or from a field to an entry of it.
  static let tableTypes = [
    "R_X86_64_GOT32", "R_X86_64_GOT64", "R_X86_64_GOTPLT64", "R_X86_64_GOTPCREL", "R_X86_64_GOTPCREL64",
    "R_X86_64_GOTPCRELX", "R_X86_64_REX_GOTPCRELX", "R_X86_64_GOTPC32", "R_X86_64_GOTPC64", "R_X86_64_GOTOFF64",
    "R_X86_64_PLTOFF64",
  ]

  @Test("The offset table, its entries and the way to them", arguments: tableTypes)
  func table(type: String) throws {
    let isTable = type.hasPrefix("R_X86_64_GOTPC3") || type == "R_X86_64_GOTPC64"
    let bytes = try AssembledArtifact.make(
      """
      .data
      .quad thing
      .reloc ., R_X86_64_GOTPC64, _GLOBAL_OFFSET_TABLE_
      .quad 0
      .reloc ., \(type), \(isTable ? "_GLOBAL_OFFSET_TABLE_" : "thing")
      .quad 0
      .globl thing
      .type thing, @object
      thing: .quad 1
      .size thing, 8
      """)
    let artifact = try PatchArtifact(reading: bytes)
    let image = try AssembledArtifact.link(artifact)
    let part = try #require(PatchLinker(artifact, ledgerSize: 0).layout.part(.data))
    let base = AssembledArtifact.base.value
    let start = base + part.offset
    func word(_ address: UInt64) throws -> UInt64 {
      try #require(image.bytes.little(UInt64.self, at: Int(truncatingIfNeeded: address &- base)))
    }
    let thing = try word(start)
    let table = try word(start + 8) &+ start &+ 8
    let place = start + 16
    let raw = try word(place)
    let isShort = [
      "R_X86_64_GOT32", "R_X86_64_GOTPC32", "R_X86_64_GOTPCREL", "R_X86_64_GOTPCRELX", "R_X86_64_REX_GOTPCRELX",
    ]
    .contains(type)
    if isShort { #expect(raw >> 32 == 0, "four bytes and no more") }
    let field = isShort ? UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: raw))) : raw
    switch type {
    case "R_X86_64_GOTPC32", "R_X86_64_GOTPC64": #expect(place &+ field == table)
    case "R_X86_64_GOTOFF64", "R_X86_64_PLTOFF64": #expect(table &+ field == thing)
    case "R_X86_64_GOT32", "R_X86_64_GOT64", "R_X86_64_GOTPLT64": #expect(try word(table &+ field) == thing)
    default: #expect(try word(place &+ field) == thing)
    }
  }

  /// A reference that cannot be linked.
  struct Refusal: Sendable, CustomTestStringConvertible {
    var assembly: String
    var relocation: String
    var symbol: String
    var matches: @Sendable (LinkRefused.Reason) -> Bool
    var testDescription: String { "\(relocation) to \(symbol)" }
  }

  private static func unsupported(_ number: UInt32) -> @Sendable (LinkRefused.Reason) -> Bool {
    { $0 == .unsupportedRelocation(type: number) }
  }
  private static func outOfReach(_ bits: Int) -> @Sendable (LinkRefused.Reason) -> Bool {
    { if case .outOfReach(_, bits) = $0 { true } else { false } }
  }
  private static let sequence: @Sendable (LinkRefused.Reason) -> Bool = {
    if case .unknownSequence = $0 { true } else { false }
  }

  static let refusals: [Refusal] = [
    Refusal(
      assembly: ".text\nmovl $strtoul, %eax", relocation: "R_X86_64_32", symbol: "strtoul", matches: outOfReach(32)),
    Refusal(
      assembly: ".text\nmovq $strtoul, %rax", relocation: "R_X86_64_32S", symbol: "strtoul", matches: outOfReach(32)),
    Refusal(
      assembly: ".text\nleaq strtoul(%rip), %rax", relocation: "R_X86_64_PC32", symbol: "strtoul",
      matches: outOfReach(32)),
    Refusal(assembly: ".text\ncall strtoul+8", relocation: "R_X86_64_PC32", symbol: "strtoul", matches: outOfReach(32)),
    Refusal(
      assembly: ".data\n.short strtoul-.", relocation: "R_X86_64_PC16", symbol: "strtoul", matches: outOfReach(16)),
    Refusal(assembly: ".data\n.byte strtoul-.", relocation: "R_X86_64_PC8", symbol: "strtoul", matches: outOfReach(8)),
    Refusal(assembly: ".data\n.byte fixed", relocation: "R_X86_64_8", symbol: "fixed", matches: outOfReach(8)),
    Refusal(
      assembly: ".data\n.long strtoul@SIZE", relocation: "R_X86_64_SIZE32", symbol: "strtoul",
      matches: { $0 == .sizeUnknown }),
    Refusal(
      assembly: ".data\n.quad host_tls\n.text\nmovq host_tls@gottpoff(%rip), %rax", relocation: "R_X86_64_64",
      symbol: "host_tls", matches: { $0 == .threadLocalMismatch }),
    Refusal(
      assembly: ".data\n.reloc ., R_X86_64_TPOFF32, fixed\n.long 0", relocation: "R_X86_64_TPOFF32", symbol: "fixed",
      matches: { $0 == .threadLocalMismatch }),
    Refusal(
      assembly: ".text\nleaq host_tls@tlsgd(%rip), %rdi\ncall __tls_get_addr@PLT", relocation: "R_X86_64_TLSGD",
      symbol: "host_tls", matches: sequence),
    Refusal(
      assembly: ".text\nleaq host_tls@tlsld(%rip), %rdi\nnop\ncall __tls_get_addr@PLT", relocation: "R_X86_64_TLSLD",
      symbol: "host_tls", matches: sequence),
    Refusal(
      assembly: ".text\nleaq host_tls@tlsdesc(%rip), %rcx", relocation: "R_X86_64_GOTPC32_TLSDESC", symbol: "host_tls",
      matches: sequence),
    Refusal(
      assembly: ".text\ncall __tls_get_addr@PLT", relocation: "R_X86_64_PLT32", symbol: "__tls_get_addr",
      matches: { $0 == .threadLocalMismatch }),
    Refusal(
      assembly: ".data\n.reloc ., R_X86_64_COPY, thing\n.quad 0\n.globl thing\nthing:", relocation: "R_X86_64_COPY",
      symbol: "thing", matches: unsupported(5)),
    Refusal(
      assembly: ".data\n.reloc ., R_X86_64_GLOB_DAT, fixed\n.quad 0", relocation: "R_X86_64_GLOB_DAT", symbol: "fixed",
      matches: unsupported(6)),
    Refusal(
      assembly: ".data\n.reloc ., R_X86_64_JUMP_SLOT, fixed\n.quad 0", relocation: "R_X86_64_JUMP_SLOT",
      symbol: "fixed", matches: unsupported(7)),
    Refusal(
      assembly: ".data\n.reloc ., R_X86_64_RELATIVE, fixed\n.quad 0", relocation: "R_X86_64_RELATIVE", symbol: "fixed",
      matches: unsupported(8)),
    Refusal(
      assembly: ".data\n.reloc ., R_X86_64_IRELATIVE, fixed\n.quad 0", relocation: "R_X86_64_IRELATIVE",
      symbol: "fixed", matches: unsupported(37)),
    Refusal(
      assembly: ".data\n.reloc ., R_X86_64_DTPMOD64, host_tls\n.quad 0\n.text\nmovq host_tls@gottpoff(%rip), %rax",
      relocation: "R_X86_64_DTPMOD64", symbol: "host_tls", matches: unsupported(16)),
    Refusal(
      assembly: ".data\n.quad host_tls@dtpoff", relocation: "R_X86_64_DTPOFF64", symbol: "host_tls",
      matches: unsupported(17)),
    Refusal(
      assembly: ".data\n.long host_tls@dtpoff", relocation: "R_X86_64_DTPOFF32", symbol: "host_tls",
      matches: unsupported(21)),
    Refusal(
      assembly: ".data\n.quad place\n.section .other,\"\",@progbits\n.globl place\nplace: .quad 0",
      relocation: "R_X86_64_64", symbol: "place", matches: { $0 == .notLoaded }),
  ]

  @Test("What cannot be right is refused with symbol, relocation, section and offset", arguments: refusals)
  func refused(_ refusal: Refusal) throws {
    let artifact = try PatchArtifact(reading: try AssembledArtifact.make(refusal.assembly))
    let error = #expect(throws: LinkRefused.self) { try AssembledArtifact.link(artifact) }
    #expect(error?.relocation == refusal.relocation)
    #expect(error?.symbol == refusal.symbol)
    #expect(error?.section == (refusal.assembly.hasPrefix(".text") ? ".text" : ".data"))
    #expect(error?.offset != nil)
    #expect(error.map { refusal.matches($0.reason) } == true, "\(String(describing: error))")
  }

  @Test("A symbol that is not weak and that nothing defines is refused; a weak one is null")
  func unresolved() throws {
    let strong = try PatchArtifact(reading: try AssembledArtifact.make(".data\n.quad nobody_has_this"))
    #expect(throws: LinkRefused(symbol: "nobody_has_this", reason: .unresolvedImport)) {
      try AssembledArtifact.link(strong, imports: [nil])
    }
    let weak = try PatchArtifact(
      reading: try AssembledArtifact.make(".weak nobody_has_this\n.data\n.quad nobody_has_this"))
    let image = try AssembledArtifact.link(weak, imports: [nil])
    let part = try #require(PatchLinker(weak, ledgerSize: 0).layout.part(.data))
    #expect(image.bytes.little(UInt64.self, at: Int(part.offset)) == 0)
  }

  @Test("An image out of reach of the entry is refused by the function's name")
  func branchOutOfReach() throws {
    let artifact = try PatchArtifact(reading: try AssembledArtifact.make(""))
    let error = #expect(throws: LinkRefused.self) {
      try AssembledArtifact.link(artifact, at: RemoteAddress(0x1000_0000))
    }
    #expect(error?.symbol == HostEntry.symbol)
    guard case .branchOutOfReach = error?.reason else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("An image that would reach beyond the lower half of the address space is refused")
  func badPlace() throws {
    let artifact = try PatchArtifact(reading: try AssembledArtifact.make(".data\n.quad 0"))
    let place = RemoteAddress(PatchLimits.addressEnd - 4096)
    #expect(throws: LinkRefused(symbol: "", reason: .badPlace(place))) {
      try AssembledArtifact.link(artifact, at: place)
    }
  }
}
