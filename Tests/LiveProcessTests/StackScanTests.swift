import LiveProcess
import Patch
import Testing

@Suite("The scan hits words that may be return addresses, and no others")
struct StackScanTests {
  private static let function = RemoteAddress(0x1000)..<RemoteAddress(0x1100)
  private static let place = RemoteAddress(0x1004)..<RemoteAddress(0x1009)

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var word: UInt64
    var hits: [StackScan.Hit]
  }

  static let cases = [
    Case(testDescription: "before the function", word: 0xfff, hits: []),
    Case(testDescription: "a function pointer", word: 0x1000, hits: []),
    Case(testDescription: "its first possible return address", word: 0x1001, hits: [.returnAddress(0)]),
    Case(testDescription: "the place itself", word: 0x1004, hits: [.returnAddress(0)]),
    Case(testDescription: "inside the place", word: 0x1005, hits: [.inside(0), .returnAddress(0)]),
    Case(testDescription: "the place's last byte", word: 0x1008, hits: [.inside(0), .returnAddress(0)]),
    Case(testDescription: "behind the place", word: 0x1009, hits: [.returnAddress(0)]),
    Case(testDescription: "its last byte", word: 0x10ff, hits: [.returnAddress(0)]),
    Case(testDescription: "behind a last call", word: 0x1100, hits: [.returnAddress(0)]),
    Case(testDescription: "behind the function", word: 0x1101, hits: []),
    Case(testDescription: "another function's last call", word: 0x5010, hits: [.returnAddress(0)]),
    Case(testDescription: "between two functions", word: 0x3000, hits: []),
    Case(testDescription: "the highest number", word: .max, hits: []),
    Case(testDescription: "a signal frame's segments", word: X86_64SignalFrame.segments, hits: [.signalFrame(0)]),
  ]

  @Test(arguments: cases)
  func word(_ one: Case) {
    let scan = StackScan(
      functions: [Self.function, RemoteAddress(0x5000)..<RemoteAddress(0x5010)], places: [Self.place])
    var hits: [StackScan.Hit] = []
    scan.scan([one.word].span, from: 0, to: 1, into: &hits)
    #expect(hits == one.hits)
  }

  @Test("Without ranges only signal frames are hit")
  func noRanges() {
    let scan = StackScan(functions: [], places: [])
    var hits: [StackScan.Hit] = []
    scan.scan([0, 1, .max, X86_64SignalFrame.segments].span, from: 0, to: 4, into: &hits)
    #expect(hits == [.signalFrame(3)])
  }

  @Test("Every word is found where it stands, whatever surrounds it")
  func positions() {
    var words = [UInt64](repeating: 0x7fff_0000_0000, count: 1000)
    for index in stride(from: 0, to: 1000, by: 37) { words[index] = 0x1080 }
    let scan = StackScan(functions: [Self.function], places: [])
    var hits: [StackScan.Hit] = []
    scan.scan(words.span, from: 0, to: words.count, into: &hits)
    #expect(hits == stride(from: 0, to: 1000, by: 37).map { .returnAddress($0) })
  }

  @Test("Words side by side are all found, in the part and not beside it", arguments: [8...23, 5...40, 3...4, 0...50])
  func sideBySide(part: ClosedRange<Int>) {
    let words = [UInt64](repeating: 0x1080, count: 51)
    let scan = StackScan(functions: [Self.function], places: [])
    var hits: [StackScan.Hit] = []
    scan.scan(words.span, from: part.lowerBound, to: part.upperBound, into: &hits)
    #expect(hits == part.dropLast().map { .returnAddress($0) })
  }
}
