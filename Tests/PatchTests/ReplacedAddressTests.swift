import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("A reference to a replaced function is linked by what it is for")
struct ReplacedAddressTests {
  /// A reference as it stands in the artifact, at the beginning of a section that holds nothing else.
  struct Reference: Sendable, CustomTestStringConvertible {
    var name: String
    /// The section's flags for the assembler.
    var flags: String
    var code: String
    /// Where the field is, in the section.
    var at = 0
    var size = 8
    /// What it is relative to, besides its own place.
    var form = Form.absolute
    var leadsToTarget: Bool
    var testDescription: String { name }

    enum Form { case absolute, relative, table }
  }

  static let references: [Reference] = [
    Reference(name: "pointer", flags: "aw", code: ".quad fixed", leadsToTarget: true),
    Reference(name: "constant pointer", flags: "a", code: ".quad fixed", leadsToTarget: true),
    Reference(name: "pointer by section", flags: "aw", code: ".quad .text", leadsToTarget: true),
    Reference(
      name: "distance in data", flags: "a", code: ".long fixed - .", size: 4, form: .relative, leadsToTarget: true),
    Reference(
      name: "64-bit distance in data", flags: "a", code: ".quad fixed - .", form: .relative, leadsToTarget: true),
    Reference(
      name: "jump table, whose entries are relative to its beginning", flags: "a", code: ".long .text - .", size: 4,
      form: .relative, leadsToTarget: false),
    Reference(
      name: "lea", flags: "ax", code: "leaq fixed(%rip), %rax", at: 3, size: 4, form: .relative, leadsToTarget: true),
    Reference(
      name: "lea by section", flags: "ax", code: "leaq .text(%rip), %rax", at: 3, size: 4, form: .relative,
      leadsToTarget: true),
    Reference(
      name: "offset table", flags: "ax", code: "movq fixed@GOTPCREL(%rip), %rax", at: 3, size: 4, form: .table,
      leadsToTarget: true),
    Reference(name: "movabs", flags: "ax", code: "movabsq $fixed, %rax", at: 2, leadsToTarget: true),
    Reference(
      name: "call", flags: "ax", code: "call fixed", at: 1, size: 4, form: .relative, leadsToTarget: false),
    Reference(
      name: "call by PLT", flags: "ax", code: "call fixed@PLT", at: 1, size: 4, form: .relative, leadsToTarget: false),
    Reference(name: "jmp", flags: "ax", code: "jmp fixed", at: 1, size: 4, form: .relative, leadsToTarget: false),
    Reference(name: "jcc", flags: "ax", code: "je fixed", at: 2, size: 4, form: .relative, leadsToTarget: false),
    Reference(
      name: "call as old assemblers write it", flags: "ax",
      code: ".byte 0xe8\n.reloc ., R_X86_64_PC32, fixed-4\n.long 0",
      at: 1, size: 4, form: .relative, leadsToTarget: false),
    Reference(
      name: "call-frame information", flags: "a", code: ".long fixed - .\n.long 4", size: 4, form: .relative,
      leadsToTarget: false),
    Reference(name: "another function", flags: "aw", code: ".quad other", leadsToTarget: false),
  ]

  @Test("Addresses lead to the target, calls and the frames' records to the image", arguments: references)
  func reference(_ reference: Reference) throws {
    let isFrame = reference.name == "call-frame information"
    // A mark before the reference tells where it lies in the image.
    let mark: UInt64 = 0x1122_3344_5566_7788
    let bytes = try AssembledArtifact.make(
      """
      .text
      .globl other
      .type other, @function
      other: ret
      .size other, .-other
      .section \(isFrame ? ".eh_frame" : ".probe"),"\(reference.flags)",\(isFrame ? "@unwind" : "@progbits")
      \(isFrame ? ".long 16" : "")
      .quad \(mark)
      \(reference.code)
      """)
    let artifact = try PatchArtifact(reading: bytes)
    let image = try AssembledArtifact.link(artifact)
    let function = try #require(image.functions.first)
    let found = (0..<image.bytes.count).first { image.bytes.little(UInt64.self, at: $0) == mark }
    let at = try #require(found) + 8 + reference.at
    let place = AssembledArtifact.base.value + UInt64(at)
    let field =
      reference.size == 8
      ? try #require(image.bytes.little(UInt64.self, at: at))
      : UInt64(bitPattern: Int64(try #require(image.bytes.little(Int32.self, at: at))))
    // What an instruction computes is relative to its end.
    let end: UInt64 = reference.flags == "ax" ? 4 : 0
    let value: UInt64
    switch reference.form {
    case .absolute: value = field
    case .relative: value = field &+ place &+ end
    case .table:
      let entry = field &+ place &+ end &- AssembledArtifact.base.value
      value = try #require(image.bytes.little(UInt64.self, at: Int(entry)))
    }
    let wanted =
      reference.leadsToTarget
      ? function.function.lowerBound.value
      : function.replacement.value + (reference.name == "another function" ? 1 : 0)
    #expect(value == wanted)
  }
}
