import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("Branches and gates are the instructions that they are meant to be")
struct X86_64EncodingTests {
  @Test("A near branch has the known bytes")
  func near() {
    #expect(X86_64Branch.near(from: RemoteAddress(0x1000), to: RemoteAddress(0x1005)) == [0xe9, 0, 0, 0, 0])
    #expect(
      X86_64Branch.near(from: RemoteAddress(0x1000), to: RemoteAddress(0x1000)) == [0xe9, 0xfb, 0xff, 0xff, 0xff])
    #expect(
      X86_64Branch.near(from: RemoteAddress(0x40_0000), to: RemoteAddress(0x1234_5678))
        == [0xe9, 0x73, 0x56, 0xf4, 0x11])
  }

  @Test("A near branch reaches 2 GiB less what it is itself, and not one byte further")
  func reach() {
    let place = RemoteAddress(0x7000_0000_0000)
    let last = place.value + 5 + 0x7fff_ffff
    #expect(X86_64Branch.near(from: place, to: RemoteAddress(last)) == [0xe9, 0xff, 0xff, 0xff, 0x7f])
    #expect(X86_64Branch.near(from: place, to: RemoteAddress(last + 1)) == nil)
    #expect(X86_64Branch.near(from: place, to: RemoteAddress(place.value + 5 - 0x8000_0000)) == [0xe9, 0, 0, 0, 0x80])
    #expect(X86_64Branch.near(from: place, to: RemoteAddress(place.value + 4 - 0x8000_0000)) == nil)
  }

  @Test("An absolute branch has the known bytes")
  func absolute() {
    #expect(
      X86_64Branch.absolute(to: RemoteAddress(0x1122_3344_5566_7788))
        == [0xff, 0x25, 0, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    #expect(X86_64Branch.bytes(length: 7, from: RemoteAddress(0), to: RemoteAddress(0)) == nil)
  }

  @Test("objdump reads the branches, the gate and the stub as meant")
  func disassembled() throws {
    let artifact = try PatchArtifact(reading: try SmallArtifact.made.get())
    let linker = PatchLinker(artifact, ledgerSize: 4096)
    let base = RemoteAddress(0x5555_0000_0000)
    let image = try linker.link(
      at: base, bias: 0x5555_5555_4000, stateWord: RemoteAddress(0x7000_0000_0000), bit: 13,
      imports: [RemoteAddress(0x7fff_f000_0000)])
    let function = try #require(image.functions.first)
    let gate = try #require(function.gate)
    let slot = try #require(function.elseSlot)
    let text = try disassemble(image.bytes, base: base.value)
    func instruction(_ offset: UInt64) -> String { text[gate.value + offset] ?? "nothing" }
    #expect(instruction(0) == "push %r11")
    #expect(instruction(2).hasPrefix("mov -0x") && instruction(2).contains("(%rip),%r11"))
    #expect(instruction(9) == "testb $0x20,0x1(%r11)")
    #expect(instruction(14) == "pop %r11")
    #expect(instruction(16) == "jne 0x\(String(function.replacement.value, radix: 16))")
    #expect(instruction(22).contains("# 0x\(String(slot.value, radix: 16))"))
    let stub = try #require(image.codeRanges.first { $0.kind == .stub(symbol: "strtoul") })
    #expect(text[stub.range.lowerBound.value]?.hasPrefix("jmp *-0x") == true)

    let branch = try #require(function.gateBranch)
    #expect(
      try disassemble(branch, base: function.place.value)[function.place.value]
        == "jmp 0x\(String(gate.value, radix: 16))")
    #expect(
      try disassemble(function.directBranch, base: function.place.value)[function.place.value]
        == "jmp 0x\(String(function.replacement.value, radix: 16))")
    // The slot holds the moved copy's address, and is one that an aligned store rewrites whole.
    #expect(image.bytes.little(UInt64.self, at: Int(slot.value - base.value)) == function.moved?.value)
    #expect(slot.value % 8 == 0)
  }

  @Test("readelf finds the call-frame information of gates and stubs")
  func unwind() throws {
    let artifact = try PatchArtifact(reading: try SmallArtifact.made.get())
    let base = RemoteAddress(0x5555_0000_0000)
    let image = try PatchLinker(artifact, ledgerSize: 0).link(
      at: base, bias: 0x5555_5555_4000, stateWord: RemoteAddress(0x7000_0000_0000), bit: 0,
      imports: [RemoteAddress(0x7fff_f000_0000)])
    let range = try #require(image.unwind)
    let bytes = image.bytes[Int(range.lowerBound.value - base.value)..<Int(range.upperBound.value - base.value)]
    #expect(bytes.suffix(4).elementsEqual([0, 0, 0, 0]))
    let directory = try TemporaryDirectory()
    try TestFile.write(Array(bytes), to: directory.file("frames"))
    _ = try Command.output([
      "objcopy", "-I", "binary", "-O", "elf64-x86-64", "--rename-section",
      ".data=.eh_frame,alloc,readonly,data,contents",
      "--change-section-address", ".data=0x\(String(range.lowerBound.value, radix: 16))", directory.file("frames"),
      directory.file("frames.o"),
    ])
    let frames = try Command.output(["readelf", "--debug-dump=frames-interp", "-W", directory.file("frames.o")])
    func hex(_ value: UInt64) -> String {
      String(repeating: "0", count: 16 - String(value, radix: 16).count) + String(value, radix: 16)
    }
    for code in image.codeRanges {
      // A moved copy and the functions have the records that the assembler made; each piece of code has one.
      #expect(
        frames.contains("pc=\(hex(code.range.lowerBound.value))..") || isStub(code),
        "\(code.kind) in\n\(frames)")
    }
    let gate = try #require(image.functions.first?.gate)
    let lines = frames.split(separator: "\n").map(String.init)
    let start = try #require(lines.firstIndex { $0.contains("pc=\(hex(gate.value))..\(hex(gate.value + 32))") })
    let rows = lines[(start + 2)...(start + 4)].map { $0.split(separator: " ").map(String.init) }
    #expect(rows.map { $0[0] } == [hex(gate.value), hex(gate.value + 2), hex(gate.value + 16)])
    #expect(rows.map { $0[1] } == ["rsp+8", "rsp+16", "rsp+8"])
    #expect(!frames.contains("Warning"), "\(frames)")
  }

  private func isStub(_ code: CodeRange) -> Bool { if case .stub = code.kind { true } else { false } }

  /// Instructions by address, blanks made one.
  private func disassemble(_ bytes: [UInt8], base: UInt64) throws -> [UInt64: String] {
    let directory = try TemporaryDirectory()
    try TestFile.write(bytes, to: directory.file("code"))
    let output = try Command.output([
      "objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-w", "--no-show-raw-insn",
      "--adjust-vma=0x\(String(base, radix: 16))", directory.file("code"),
    ])
    var found: [UInt64: String] = [:]
    for line in output.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":"),
        let address = UInt64(line[..<colon].drop { $0 == " " }, radix: 16)
      else { continue }
      found[address] = line[line.index(after: colon)...].split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }
    return found
  }
}
