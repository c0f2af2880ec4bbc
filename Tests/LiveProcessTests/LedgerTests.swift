import Glibc
import LiveProcess
import Patch
import Testing

@Suite("A ledger is read back, and a damaged one is refused")
struct LedgerTests {
  /// With every field in use; what `Fixtures/ledger-3.bin` holds.
  static let full: Ledger = {
    var ledger = SwitchModel.ledger(bit: 5, places: [0x40_0010, 0x40_0050], values: [0x60_0000], direct: false)
    ledger.description = "Überlauf"
    ledger.fixes = ["CVE-2025-32023", "CVE-2025-1"]
    ledger.activatedAt = 1_790_000_000
    ledger.loadBias = 0x5555_5555_4000
    ledger.values[0].expect = [1, 2, 3, 4]
    ledger.functions[1].gate = nil
    ledger.functions[0].parts = [
      RemoteAddress(0x40_1000)..<RemoteAddress(0x40_1025), RemoteAddress(0x40_2000)..<RemoteAddress(0x40_2010),
    ]
    ledger.unwind = RemoteAddress(0x1000_2000)..<RemoteAddress(0x1000_2400)
    ledger.registration = LinkedRegistration(
      register: RemoteAddress(0x1000_3000), deregister: RemoteAddress(0x1000_3040),
      state: RemoteAddress(0x1000_4000)..<RemoteAddress(0x1000_4000 + UnwindRegistration.stateSize))
    ledger.parts.append(
      Ledger.Part(offset: 0x1000, size: 0x3000, protection: .readOnly, digest: SHA256Digest(of: [1])))
    return ledger
  }()

  @Test("What was written is read")
  func roundTrip() throws {
    let bytes = LedgerTests.full.encoded()
    #expect(try Ledger(reading: bytes) == LedgerTests.full)
    #expect(try Ledger(reading: bytes + [0, 0, 0]) == LedgerTests.full, "the rest of the page does not matter")
    let offset = LedgerTests.full.originalOffset(ofValue: 0)
    #expect(Array(bytes[offset..<offset + 4]) == LedgerTests.full.values[0].original)
  }

  @Test(
    "The ledger of each version that is kept as a file stays readable, and its fields are where they were",
    arguments: [1, 2, 3])
  func fixture(version: UInt32) throws {
    let path = "\(#filePath)".replacing("LedgerTests.swift", with: "Fixtures/ledger-\(version).bin")
    var bytes = [UInt8](repeating: 0, count: 65536)
    // SAFETY: the path lives for the call; the count is that of the array.
    let file = unsafe open(path, O_RDONLY)
    try #require(file >= 0, "\(path): errno \(errno)")
    let count = unsafe read(file, &bytes, bytes.count)
    close(file)
    bytes = Array(bytes.prefix(max(count, 0)))
    let ledger = try Ledger(reading: bytes)
    var expected = LedgerTests.full
    expected.version = version
    if version < 2 { expected.functions[0].parts = [] }
    if version < 3 { expected.registration = nil }
    #expect(ledger == expected)
    // A value's original bytes are written into a ledger of an older tool at the place that the older tool gave them.
    #expect(ledger.encoded() == bytes)
    let offset = ledger.originalOffset(ofValue: 0)
    #expect(Array(bytes[offset..<offset + 4]) == expected.values[0].original)
  }

  @Test("A newer version is refused by its number")
  func newer() {
    var bytes = LedgerTests.full.encoded()
    bytes[8] = 4
    #expect(throws: DamagedLedger.newer(version: 4)) { try Ledger(reading: bytes) }
  }

  @Test("Cut off anywhere, it is refused")
  func truncated() {
    let bytes = LedgerTests.full.encoded()
    for count in 0..<bytes.count {
      #expect(throws: DamagedLedger.self) { try Ledger(reading: Array(bytes.prefix(count))) }
    }
  }

  @Test("With any bit flipped it is refused or says only what its header may say")
  func flipped() {
    let bytes = LedgerTests.full.encoded()
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        guard var read = try? Ledger(reading: damaged) else { continue }
        read.state = LedgerTests.full.state
        read.activatedAt = LedgerTests.full.activatedAt
        read.values[0].original = LedgerTests.full.values[0].original
        #expect(read == LedgerTests.full, "byte \(index), bit \(bit)")
      }
    }
  }

  @Test("Nonsense behind a right digest is refused with the field and its offset")
  func hostile() {
    var numbers = SeededNumbers(seed: 3)
    let bytes = LedgerTests.full.encoded()
    let bodySize = bytes.count - Ledger.headerSize - 4
    var fields: Set<String> = []
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        let index = Ledger.headerSize + Int.random(in: 0..<bodySize, using: &numbers)
        damaged[index] = [0, 0xff, 0x7f, 0x80, damaged[index] &+ 1].randomElement(using: &numbers) ?? 0
      }
      let digest = SHA256Digest(of: Array(damaged[Ledger.headerSize..<Ledger.headerSize + bodySize]))
      damaged.replaceSubrange(Ledger.digestOffset..<Ledger.digestOffset + 32, with: digest.bytes)
      do { _ = try Ledger(reading: damaged) } catch {
        guard case .damaged(let field, let offset) = error else { continue }
        #expect((0...bytes.count).contains(offset))
        fields.insert(field)
      }
    }
    #expect(fields.count > 15, "\(fields.sorted())")
  }
}
