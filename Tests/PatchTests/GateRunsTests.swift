import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("An entry that leads to a gate does what the state word says")
struct GateRunsTests {
  @Test(
    "Old without the bit, new with it, the slot's function instead of old, and straight when settled",
    arguments: [(5, .near), (14, .near), (5, .far)] as [(UInt64, BranchForm)])
  func switched(length: UInt64, form: BranchForm) throws {
    let host = try ImageHost(flags: ["-pie", "-fPIE"])
    let artifact = try PatchArtifact(
      reading: try SmallArtifact.make(
        length: length, flags: form == .near ? [] : ["-mno-direct-extern-access"]))
    let linker = PatchLinker(artifact, ledgerSize: 8192)
    // The far form from where no near branch reaches.
    let base = RemoteAddress(host.bias &- (form == .near ? 1 << 29 : 1 << 40))
    // The state word lies in the host's own data: further from the image than 32 bits would not matter.
    let word = try host.address("host_numbers")
    let bit = 11
    let image = try linker.link(
      at: base, bias: host.bias, stateWord: word, bit: bit,
      imports: try artifact.info.imports.map { try host.resolve($0.symbol) }, form: form)
    try host.load(image, at: base, layout: linker.layout)
    let function = try #require(image.functions.first)
    let patched = try host.address("host_patched")
    #expect(function.place == patched)
    func old(_ n: UInt64) -> UInt64 { n + 0x1111_1111_1111_1111 + 5 }

    try host.poke(word, 0)
    #expect(try host.call(patched, 7) == old(7))
    try host.write(try #require(function.gateBranch), at: function.place)
    #expect(try host.call(patched, 7) == old(7), "armed: as before")
    try host.poke(word, ~(1 << UInt64(bit)))
    #expect(try host.call(patched, 8) == old(8), "other patches' bits do not matter")
    try host.poke(word, 1 << UInt64(bit))
    let new = try host.call(function.replacement, 9)
    #expect(new != old(9))
    #expect(try host.call(patched, 9) == new, "committed")
    try host.write(function.directBranch, at: function.place)
    try host.poke(word, 0)
    #expect(try host.call(patched, 9) == new + 0, "settled: the word is not asked")
    try host.write(try #require(function.gateBranch), at: function.place)
    // The slot lies in read-only memory, which only the tool writes, from outside.
    let slot = try #require(function.elseSlot)
    #expect(image.codeRanges.contains { $0.kind == .gate(function: 0) && $0.range.lowerBound == function.gate })
    #expect(linker.layout.parts.contains { !$0.isWritable && !$0.isExecutable && contains($0, slot, base) })
    try host.write(function.original, at: function.place)
    #expect(try host.call(patched, 7) == old(7), "set back")
    for pair in function.movedInstructions {
      #expect(pair.original.value - function.place.value == pair.moved.value - (function.moved?.value ?? 0))
    }
    let isLong = length == 14 || form == .far
    #expect(function.movedInstructions.count == (isLong ? 3 : 1))
    #expect(function.original.count == (isLong ? 14 : 5) && function.directBranch.count == function.original.count)
    #expect(function.parts.map { $0.lowerBound.value &- host.bias } == [0x40])
  }

  private func contains(_ part: ImageLayout.Part, _ address: RemoteAddress, _ base: RemoteAddress) -> Bool {
    (part.offset..<(part.offset + part.size)).contains(address.value - base.value)
  }

  @Test("The bit's place in the word is right for all 64")
  func bits() throws {
    let artifact = try PatchArtifact(reading: try SmallArtifact.made.get())
    let linker = PatchLinker(artifact, ledgerSize: 0)
    let base = RemoteAddress(0x5555_0000_0000)
    for bit in 0..<64 {
      let image = try linker.link(
        at: base, bias: 0x5555_5555_4000, stateWord: RemoteAddress(0x7000_0000_0000), bit: bit,
        imports: [RemoteAddress(0x7fff_f000_0000)])
      let gate = Int(try #require(image.functions.first?.gate).value - base.value)
      let byte = image.bytes[gate + 12]
      let mask = image.bytes[gate + 13]
      #expect(UInt64(mask) << (UInt64(byte) * 8) == 1 << UInt64(bit))
    }
  }
}
