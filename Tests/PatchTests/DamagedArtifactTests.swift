import ArtifactKit
import Patch
import Testing
import VictimKit

@Suite("A damaged or hostile artifact gets one clear error")
struct DamagedArtifactTests {
  /// Reads, and where that succeeds links: neither may crash, whatever the bytes.
  static func exercise(_ bytes: [UInt8]) -> Result<PatchArtifact, DamagedArtifact> {
    do throws(DamagedArtifact) {
      let artifact = try PatchArtifact(reading: bytes)
      let linker = PatchLinker(artifact, ledgerSize: 4096)
      // Some changes are legal programs: then the linker answers an image or one refusal, and both are right here.
      for (base, form) in [(0x5555_0000_0000, .near), (0x4000_0000_0000, .far)] as [(UInt64, BranchForm)] {
        _ = try? linker.link(
          at: RemoteAddress(base), bias: 0x5555_5555_4000, stateWord: RemoteAddress(0x7000_0000_0000), bit: 63,
          imports: artifact.info.imports.map { _ in RemoteAddress(0x7fff_f000_0000) }, form: form)
      }
      return .success(artifact)
    } catch {
      return .failure(error)
    }
  }

  @Test("The artifact as it was made is read")
  func whole() throws {
    let artifact = try PatchArtifact(reading: try SmallArtifact.made.get())
    #expect(artifact.info.functions.count == 1)
    #expect(artifact.info.imports.map(\.symbol) == ["strtoul"])
    #expect(
      artifact.info.targetReferences.map(\.symbol) == ["host_helper", "host_numbers", "host_patched", "host_tls"])
    #expect(artifact.object.sections.contains { $0.name == "COMMON" && $0.kind == .zero })
  }

  @Test("Cut at every length, it is refused")
  func truncated() throws {
    let bytes = try SmallArtifact.made.get()
    for length in 0..<bytes.count {
      let result = DamagedArtifactTests.exercise(Array(bytes[..<length]))
      guard case .failure(let error) = result else {
        Issue.record("\(length) of \(bytes.count) bytes were accepted")
        continue
      }
      #expect(!error.field.isEmpty && !error.allowed.isEmpty && !error.found.isEmpty)
    }
  }

  @Test("With flipped bits it is refused, or says the same of itself", arguments: 0..<8)
  func flipped(seed: UInt64) throws {
    let bytes = try SmallArtifact.made.get()
    let whole = try PatchArtifact(reading: bytes)
    var random = SplitMix(seed: seed &* 0x9e37 &+ 1)
    var refused = 0
    for round in 0..<2500 {
      var damaged = bytes
      for _ in 0..<(round % 4 + 1) {
        damaged[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
      }
      guard damaged != bytes else { continue }
      switch DamagedArtifactTests.exercise(damaged) {
      case .failure: refused += 1
      case .success(let artifact):
        // A changed content is another artifact: its identity says so, and that is what a manifest pins.
        #expect(artifact.id != whole.id)
        #expect(artifact.info.functions.count == whole.info.functions.count)
      }
    }
    #expect(refused > 500)
  }

  @Test("With every number of its headers, symbols and relocations at an extreme, it is refused or links")
  func extremes() throws {
    let bytes = try SmallArtifact.made.get()
    let elf = try ElfFile(bytes: bytes)
    var places: [(offset: Int, size: Int)] = [
      (16, 2), (18, 2), (20, 4), (24, 8), (32, 8), (40, 8), (48, 4), (52, 2), (54, 2), (56, 2), (58, 2), (60, 2),
      (62, 2),
    ]
    let table = try #require(bytes.little(UInt64.self, at: 40))
    for section in elf.sections {
      let at = Int(table) + section.index * 64
      places += [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)].map {
        (at + $0.0, $0.1)
      }
      let start = Int(section.offset)
      if section.type == 2 {
        for entry in 0..<(Int(section.size) / 24) {
          places += [(0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)].map { (start + entry * 24 + $0.0, $0.1) }
        }
      }
      if section.type == 4 {
        for entry in 0..<(Int(section.size) / 24) {
          places += [(0, 8), (8, 4), (12, 4), (16, 8)].map { (start + entry * 24 + $0.0, $0.1) }
        }
      }
      if section.name == ".eh_frame" { places += stride(from: 0, to: Int(section.size), by: 4).map { (start + $0, 4) } }
    }
    let extremes: [UInt64] = [
      0, 1, 2, 3, 0x7f, 0xff, 0x7fff, 0xff00, 0xfff1, 0xfff2, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
      0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_f000, UInt64.max, UInt64(bytes.count),
      UInt64(bytes.count) - 1,
    ]
    var refused = 0
    for place in places {
      for extreme in extremes {
        var hostile = bytes
        for index in 0..<place.size {
          hostile[place.offset + index] = UInt8(truncatingIfNeeded: extreme >> (index * 8))
        }
        guard hostile != bytes else { continue }
        if case .failure = DamagedArtifactTests.exercise(hostile) { refused += 1 }
      }
    }
    #expect(refused > places.count * 4)
  }

  /// The extremes that arithmetic goes wrong at.
  private static let numbers: [UInt64] = [
    0, 1, 3, 4, 7, 8, 0xff, 0x1000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 47, (1 << 47) - 1, 1 << 62,
    0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, UInt64.max, UInt64.max - 7,
  ]

  @Test(
    "With its description's numbers, its tables' words and whole stretches of it exchanged, likewise", arguments: 0..<4)
  func mutated(seed: UInt64) throws {
    let bytes = try SmallArtifact.made.get()
    let info = try #require(try ElfFile(bytes: bytes).sections.first { $0.name == ".lpatch.info" })
    let text = Int(info.offset)..<Int(info.offset + info.size)
    let digits = text.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0]) }
    var random = SplitMix(seed: seed &* 0x2545_f491 &+ 7)
    func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(bound, 1))) }
    let end = ContinuousClock.now + .seconds(60)
    var refused = 0
    var accepted = 0
    for round in 0..<1200 where ContinuousClock.now < end {
      var hostile = bytes
      for _ in 0...below(3) {
        switch (round + below(2)) % 5 {
        case 0:
          // A number of the description becomes another, of its own length or of any.
          var at = digits[below(digits.count)]
          guard at < hostile.count else { continue }
          while at > text.lowerBound, digits.contains(at - 1) { at -= 1 }
          var stop = at
          while stop < hostile.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(hostile[stop]) { stop += 1 }
          let number = Array("\(Self.numbers[below(Self.numbers.count)])".utf8)
          for (index, place) in (at..<stop).enumerated() {
            hostile[place] = index < number.count ? number[index] : UInt8(ascii: " ")
          }
        case 1:
          // A word anywhere becomes an extreme.
          let size = [1, 2, 4, 8][below(4)]
          let at = below((hostile.count - 8) / size) * size
          let number = Self.numbers[below(Self.numbers.count)].littleEndianBytes
          for index in 0..<size { hostile[at + index] = number[index] }
        case 2:
          // Two words change places.
          let (a, b) = (below(hostile.count / 8) * 8, below(hostile.count / 8) * 8)
          for index in 0..<8 where max(a, b) + index < hostile.count { hostile.swapAt(a + index, b + index) }
        case 3:
          // A stretch stands once more somewhere else.
          let (count, from, to) = (below(64), below(hostile.count - 64), below(hostile.count - 64))
          let stretch = Array(hostile[from..<(from + count)])
          hostile.replaceSubrange(to..<(to + count), with: stretch)
        default:
          // Cut, or longer than it says.
          if below(2) == 0 {
            hostile.removeLast(below(200))
          } else {
            hostile += [UInt8](repeating: 0xff, count: below(200))
          }
          if hostile.count < 4096 { hostile += bytes[hostile.count...] }
        }
      }
      guard hostile != bytes else { continue }
      switch DamagedArtifactTests.exercise(hostile) {
      case .failure(let error):
        refused += 1
        #expect(!error.field.isEmpty && !error.allowed.isEmpty)
      case .success: accepted += 1
      }
    }
    #expect(refused > 100 && accepted > 10, "\(refused) refused, \(accepted) accepted")
  }

  @Test("A section table that claims everything many times over is refused, not read into memory")
  func amplification() throws {
    var bytes = try SmallArtifact.made.get()
    // 200 headers, each a loaded section that is the whole of a 4 MiB file.
    bytes += [UInt8](repeating: 0x90, count: (4 << 20) - bytes.count)
    let table = bytes.count
    let names = try ElfFile(bytes: bytes).sections[Int(try #require(bytes.little(UInt16.self, at: 62)))]
    func header(type: UInt32, flags: UInt64, offset: UInt64, size: UInt64) -> [UInt8] {
      UInt32(0).littleEndianBytes + type.littleEndianBytes + flags.littleEndianBytes + UInt64(0).littleEndianBytes
        + offset.littleEndianBytes + size.littleEndianBytes + UInt64(0).littleEndianBytes + UInt64(1).littleEndianBytes
        + UInt64(0).littleEndianBytes
    }
    bytes += header(type: 3, flags: 0, offset: names.offset, size: names.size)
    for _ in 0..<200 { bytes += header(type: 1, flags: 2, offset: 0, size: UInt64(table)) }
    bytes.replaceSubrange(40..<48, with: UInt64(table).littleEndianBytes)
    bytes.replaceSubrange(60..<64, with: UInt16(201).littleEndianBytes + UInt16(0).littleEndianBytes)
    guard case .failure(let error) = DamagedArtifactTests.exercise(bytes) else {
      Issue.record("it was accepted")
      return
    }
    #expect(error.allowed.contains("in all"))
  }

  @Test("A file beyond the limit is refused before anything is read")
  func tooLarge() {
    let result = DamagedArtifactTests.exercise([UInt8](repeating: 0, count: PatchLimits.fileSize + 1))
    #expect(
      result
        == .failure(
          DamagedArtifact(field: "file", found: "67108865 bytes", allowed: "at most 67108864 bytes")))
  }
}
