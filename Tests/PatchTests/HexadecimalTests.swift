import Patch
import Testing

@Suite("Hexadecimal digits stand for bytes")
struct HexadecimalTests {
  @Test("Digits of either case are read and lower-case ones written")
  func roundTrip() {
    #expect([UInt8](hexadecimal: "00fFA9") == [0, 0xff, 0xa9])
    #expect([0, 0xff, 0xa9].map { UInt8($0) }.hexadecimal == "00ffa9")
  }

  @Test("What is not an even number of digits is refused", arguments: ["0", "0g", "0x10", " 00"])
  func refused(text: String) {
    #expect([UInt8](hexadecimal: text) == nil)
  }
}
