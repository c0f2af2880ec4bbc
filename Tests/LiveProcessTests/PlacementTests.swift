import LiveProcess
import Patch
import Testing

@Suite("A patch finds its place in reach of its target, out of the way of what grows")
struct PlacementTests {
  static let size: UInt64 = 8 * 4096

  // What lies free is between the heap and the lowest library.
  @Test("Below the lowest library where the libraries lie close, however far the heap")
  func belowTheLibraries() throws {
    let map = try Self.map([
      "555555554000-555555600000 r-xp 00000000 fe:00 11 /usr/bin/python3.11",
      "555555601000-555555700000 rw-p 00000000 00:00 0 [heap]",
      "7ffff7c00000-7ffff7e00000 r-xp 00000000 fe:00 12 /usr/lib/libz.so.1",
      "7ffff7e00000-7ffff7fff000 r-xp 00000000 fe:00 13 /usr/lib/ld-linux-x86-64.so.2",
      "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]",
    ])
    let library = RemoteAddress(0x7fff_f7c0_0000)..<RemoteAddress(0x7fff_f7e0_0000)
    let places = Placement.candidates(for: Self.size, near: library, in: map)
    #expect(places == [RemoteAddress(0x7fff_f7c0_0000 - Self.size - Placement.guardSize)])
  }

  @Test("Below an executable and never right above its heap")
  func notAboveTheHeap() throws {
    let map = try Self.map([
      "555555554000-555555600000 r-xp 00000000 fe:00 11 /usr/sbin/service",
      "555555601000-555555700000 rw-p 00000000 00:00 0 [heap]",
      "7ffff7c00000-7ffff7e00000 r-xp 00000000 fe:00 12 /usr/lib/libc.so.6",
    ])
    let executable = RemoteAddress(0x5555_5555_4000)..<RemoteAddress(0x5555_5560_0000)
    let places = Placement.candidates(for: Self.size, near: executable, in: map)
    #expect(places == [RemoteAddress(0x5555_5555_4000 - Self.size - Placement.guardSize)])
  }

  @Test("Nowhere in what a stack may grow into")
  func notBelowTheStack() throws {
    let map = try Self.map([
      "7ffff7c00000-7ffff7e00000 r-xp 00000000 fe:00 12 /usr/lib/libz.so.1",
      "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]",
    ])
    let library = RemoteAddress(0x7fff_f7c0_0000)..<RemoteAddress(0x7fff_f7e0_0000)
    for place in Placement.candidates(for: Self.size, near: library, in: map) { #expect(place < library.lowerBound) }
  }

  private static func map(_ lines: [String]) throws -> MemoryMap {
    try MemoryMap(parsing: Array(lines.map { $0 + "\n" }.joined().utf8))
  }
}
