import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("What an artifact says of itself is checked, by itself and against its object")
struct PatchInfoTests {
  /// A description or an object that is refused.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var assembly = ""
    var adjust: @Sendable (inout PatchInfo) -> Void = { _ in }
    var adjustText: @Sendable (String) -> String = { $0 }
    var kind = DamagedArtifact.Kind.damaged
    var field: String
    var testDescription: String { name }
  }

  private static func replacing(_ old: String, _ new: String) -> @Sendable (String) -> String {
    { text in
      guard let range = text.firstRange(of: old) else { return text }
      return text.replacingCharacters(range, new)
    }
  }

  static let cases: [Case] = [
    Case(
      name: "a newer format", adjustText: replacing("\"formatVersion\" : 2", "\"formatVersion\" : 4, \"new\" : {}"),
      kind: .newerFormat, field: "info.formatVersion"),
    Case(name: "format 0", adjust: { $0.formatVersion = 0 }, field: "info.formatVersion"),
    Case(name: "an unknown key", adjustText: replacing("\"fixes\"", "\"sixes\" : 1, \"fixes\""), field: "info.sixes"),
    Case(name: "a missing key", adjustText: replacing("\"fixes\"", "\"sixes\""), field: "info.fixes"),
    Case(name: "no JSON", adjustText: { "?" + $0 }, field: "info"),
    Case(name: "a name with a slash", adjust: { $0.name = "a/b" }, field: "info.name"),
    Case(name: "a name that is too long", adjust: { $0.name = String(repeating: "a", count: 65) }, field: "info.name"),
    Case(
      name: "a description that would paint the terminal", adjust: { $0.description = "\u{1b}[31m" },
      field: "info.description"),
    Case(
      name: "another machine", adjust: { $0.target.machine = "aarch64" }, kind: .unsupported,
      field: "info.target.machine"),
    Case(name: "no function", adjust: { $0.functions = [] }, field: "info.functions"),
    Case(
      name: "two functions that overlap",
      adjust: { info in
        var second = info.functions[0]
        second.address = LinkAddress(second.address.value + second.size - 1)
        info.functions.append(second)
      }, field: "info.functions[1].address"),
    Case(
      name: "a function that the branch of another reaches into",
      adjust: { info in
        info.functions[0].size = 3
        var second = info.functions[0]
        second.address = LinkAddress(second.address.value + 4)
        info.functions.append(second)
      }, field: "info.functions[1].address"),
    Case(name: "a function of no size", adjust: { $0.functions[0].size = 0 }, field: "info.functions[0].size"),
    Case(
      name: "a function beyond the address space", adjust: { $0.functions[0].size = .max },
      field: "info.functions[0].size"),
    Case(
      name: "an entry in the middle", adjust: { $0.functions[0].entry.offset = 5 },
      field: "info.functions[0].entry.offset"),
    Case(
      name: "an entry behind the function",
      adjust: {
        $0.functions[0].entry.offset = 4
        $0.functions[0].size = 4
      }, field: "info.functions[0].entry.offset"),
    Case(
      name: "a branch of six bytes", adjust: { $0.functions[0].entry.original = HexBytes([1, 2, 3, 4, 5, 6]) },
      field: "info.functions[0].entry.original"),
    Case(
      name: "a replacement that is not there", adjust: { $0.functions[0].replacement = "gone" },
      field: "info.functions[0].replacement"),
    Case(
      name: "a replacement that is data", assembly: ".data\n.globl thing\nthing: .quad 0\n.size thing, 8",
      adjust: { $0.functions[0].replacement = "thing" }, field: "info.functions[0].replacement"),
    Case(
      name: "a replacement without a size", assembly: ".text\n.globl unsized\nunsized: ret",
      adjust: { $0.functions[0].replacement = "unsized" }, field: "info.functions[0].replacement"),
    Case(
      name: "a moved copy that is not there",
      adjust: {
        $0.functions[0].entry.gate = .moved(
          symbol: "gone", instructions: [.init(from: 0, to: 0)], branchesToEntry: false)
      },
      field: "info.functions[0].entry.gate.symbol"),
    Case(
      name: "a table of instructions beyond the moved copy",
      assembly: ".text\n.globl moved\nmoved: nop\nnop\n.size moved, 2",
      adjust: {
        $0.functions[0].entry.gate = .moved(
          symbol: "moved", instructions: [.init(from: 0, to: 0), .init(from: 1, to: 2)], branchesToEntry: false)
      }, field: "info.functions[0].entry.gate.instructions[1].moved"),
    Case(
      name: "a table of instructions beyond the entry",
      assembly: ".text\n.globl moved\nmoved: nop\nnop\n.size moved, 2",
      adjust: {
        $0.functions[0].entry.gate = .moved(
          symbol: "moved", instructions: [.init(from: 0, to: 0), .init(from: 5, to: 1)], branchesToEntry: false)
      }, field: "info.functions[0].entry.gate.instructions[1]"),
    Case(
      name: "a table of instructions that goes back",
      assembly: ".text\n.globl moved\nmoved: nop\nnop\nnop\n.size moved, 3",
      adjust: {
        $0.functions[0].entry.gate = .moved(
          symbol: "moved", instructions: [.init(from: 0, to: 0), .init(from: 3, to: 1), .init(from: 2, to: 2)],
          branchesToEntry: false)
      }, field: "info.functions[0].entry.gate.instructions[2]"),
    Case(
      name: "the absolute form beside a direct form",
      adjust: {
        $0.functions[0].entry.far = .init(
          original: [UInt8](repeating: 0, count: 14), symbol: "fixed", instructions: [], branchesToEntry: false)
      }, field: "info.functions[0].entry.far"),
    farCase("of thirteen bytes", ".original") { $0.original.bytes.removeLast() },
    farCase("that begins with other bytes", ".original") { $0.original.bytes[2] ^= 1 },
    farCase("whose copy is that of the near one", ".symbol") { $0.symbol = "moved" },
    farCase("whose copy is not there", ".symbol") { $0.symbol = "gone" },
    farCase("without instructions", ".instructions") { $0.instructions = [] },
    farCase("with an instruction beyond it", ".instructions[1]") { $0.instructions[1] = .init(from: 14, to: 1) },
    Case(
      name: "a piece of no size", adjust: { $0.functions[0].parts = [.init(at: LinkAddress(0x1000), size: 0)] },
      field: "info.functions[0].parts[0]"),
    Case(
      name: "a piece beyond the address space",
      adjust: { $0.functions[0].parts = [.init(at: LinkAddress(0x1000), size: .max)] },
      field: "info.functions[0].parts[0]"),
    Case(
      name: "no pieces where some are listed", adjust: { $0.functions[0].parts = [] }, field: "info.functions[0].parts"),
    Case(
      name: "too many pieces",
      adjust: {
        $0.functions[0].parts = [ReplacedFunction.Part](repeating: .init(at: LinkAddress(0x1000), size: 1), count: 65)
      },
      field: "info.functions[0].parts"),
    Case(
      name: "pieces in format 1",
      adjust: {
        $0.formatVersion = 1
        $0.functions[0].parts = [.init(at: LinkAddress(0x1000), size: 1)]
      }, field: "info.functions[0]"),
    Case(
      name: "a registration in format 2",
      adjust: { $0.registration = .init(by: "fixed", and: "fixed", keeping: "shared") }, field: "info.registration"),
    Case(
      name: "a registration whose state is too small",
      adjust: {
        $0.formatVersion = 3
        $0.registration = .init(by: "fixed", and: "fixed", keeping: "shared")
      }, field: "info.registration.state"),
    Case(
      name: "a registration without its routine",
      adjust: {
        $0.formatVersion = 3
        $0.registration = .init(by: "none", and: "fixed", keeping: "shared")
      }, field: "info.registration.register"),
    Case(
      name: "an undefined symbol that is not described", assembly: ".data\n.quad strtoul", adjust: { $0.imports = [] },
      field: "symbol"),
    Case(
      name: "a description of a symbol that is not there",
      adjust: { $0.imports = [ImportReference("strtoul", version: nil, library: nil, weak: false)] }, field: "info"),
    Case(
      name: "a symbol that the linker defines", assembly: ".text\nleaq _GLOBAL_OFFSET_TABLE_(%rip), %rax",
      adjust: { $0.targetReferences = [TargetReference("_GLOBAL_OFFSET_TABLE_", at: LinkAddress(0), kind: .object)] },
      field: "info"),
    Case(
      name: "a symbol described twice", assembly: ".data\n.quad strtoul",
      adjust: { $0.targetReferences.append(TargetReference("strtoul", at: LinkAddress(0), kind: .function)) },
      field: "info.imports[0].symbol"),
    Case(
      name: "a thread-local variable of a library", assembly: ".text\nmovq host_tls@gottpoff(%rip), %rax",
      adjust: { $0.target.kind = .sharedLibrary }, kind: .unsupported, field: "info.targetReferences[0].kind"),
    Case(
      name: "a thread-local variable described as an object", assembly: ".text\nmovq host_tls@gottpoff(%rip), %rax",
      adjust: {
        $0.targetReferences[0].kind = .object
        $0.targetReferences[0].address = LinkAddress(0)
      }, field: "symbol"),
    Case(
      name: "a constructor", assembly: ".section .init_array,\"aw\",@init_array\n.quad fixed", kind: .unsupported,
      field: "section"),
    Case(
      name: "an old constructor", assembly: ".section .ctors,\"aw\"\n.quad fixed", kind: .unsupported, field: "section"),
    Case(
      name: "a thread-local variable of its own", assembly: ".section .tdata,\"awT\",@progbits\nmine: .quad 1",
      kind: .unsupported, field: "section"),
    Case(
      name: "an empty thread-local variable of its own", assembly: ".section .tbss,\"awT\",@nobits\nmine: .zero 8",
      kind: .unsupported, field: "section"),
    Case(
      name: "an indirect function", assembly: ".text\n.globl choose\n.type choose, @gnu_indirect_function\nchoose: ret",
      kind: .unsupported, field: "symbol"),
    Case(name: "writable code", assembly: ".section .wx,\"awx\",@progbits\nnop", kind: .unsupported, field: "section"),
    Case(name: "an alignment beyond a page", assembly: ".data\n.balign 8192\n.quad 0", field: "section"),
    Case(name: "too much memory", assembly: ".bss\n.zero 300000000", field: "section"),
    Case(
      name: "two descriptions", assembly: ".section .lpatch.info.2,\"\",@progbits\n.byte 0", adjustText: { _ in "" },
      field: ".lpatch.info"),
    Case(
      name: "call-frame information that ends early", assembly: ".section .eh_frame,\"a\",@progbits\n.long 0",
      field: "section"),
  ]

  /// A wrong description of the absolute form, beside a near one that is right.
  private static func farCase(
    _ what: String, _ field: String, _ damage: @escaping @Sendable (inout ReplacedFunction.FarEntry) -> Void
  ) -> Case {
    Case(
      name: "an absolute form \(what)",
      assembly: ".text\n.globl moved\nmoved: nop\nnop\n.size moved, 2\n.globl far\nfar: nop\nnop\n.size far, 2",
      adjust: { info in
        let near = info.functions[0].entry.original.bytes
        info.functions[0].entry.gate = .moved(
          symbol: "moved", instructions: [.init(from: 0, to: 0)], branchesToEntry: false)
        var far = ReplacedFunction.FarEntry(
          original: near + [UInt8](repeating: 0x90, count: 9), symbol: "far",
          instructions: [.init(from: 0, to: 0), .init(from: 1, to: 1)], branchesToEntry: false)
        damage(&far)
        info.functions[0].entry.far = far
      }, field: "info.functions[0].entry.far" + field)
  }

  @Test("The artifact of format 1 that is kept as a file is read and linked")
  func formatOne() throws {
    let path = "\(#filePath)".replacing("PatchInfoTests.swift", with: "Fixtures/format-1.lpatch")
    let artifact = try PatchArtifact(reading: try TestFile.read(path))
    #expect(artifact.info.formatVersion == 1)
    #expect(artifact.info.functions.map(\.symbol) == ["zlibVersion", "zlibCompileFlags"])
    #expect(artifact.info.functions.allSatisfy { $0.parts == nil && $0.entry.far == nil })
    let image = try AssembledArtifact.link(artifact)
    #expect(image.functions.map(\.original) == [[0x48, 0x8d, 0x05, 0x19, 0x80], [0xb8, 0xa9, 0, 0, 0]])
    #expect(image.functions.allSatisfy { $0.gateBranch?.count == 5 && $0.movedInstructions.count == 1 })
  }

  @Test("It is refused with its field", arguments: cases)
  func refused(_ wrong: Case) throws {
    let bytes = try AssembledArtifact.make(wrong.assembly, adjust: wrong.adjust, adjustText: wrong.adjustText)
    let error = #expect(throws: DamagedArtifact.self) { try PatchArtifact(reading: bytes) }
    #expect(error?.kind == wrong.kind, "\(String(describing: error))")
    #expect(error?.field.hasPrefix(wrong.field) == true, "\(String(describing: error))")
    if !["section", "symbol", "info"].contains(wrong.field) { #expect(error?.field == wrong.field) }
  }

  @Test("The same description gives the same bytes, and reads as itself")
  func roundTrip() throws {
    let artifact = try PatchArtifact(reading: try AssembledArtifact.make("", adjust: { $0.fixes = ["CVE-2025-1"] }))
    #expect(artifact.info.fixes == ["CVE-2025-1"])
    #expect(try artifact.info.encoded() == artifact.info.encoded())
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<Index>, _ new: String) -> String {
    String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}
