import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("A patch that something may come back to stays in memory", .needsRoot)
struct UnloadTests {
  private static func subject() throws -> SwitchVictim {
    try SwitchVictim(functions: 1, program: "held.c", replacement: "held-new.c")
  }

  /// Where the way back lies, and what going it answers.
  struct Way: Sendable, CustomTestStringConvertible {
    var name: String
    var answer: String
    var testDescription: String { name }
  }

  static let ways = [
    Way(name: "heap", answer: "5001"), Way(name: "global", answer: "5001"), Way(name: "shared", answer: "5001"),
    Way(name: "hidden", answer: "5001"), Way(name: "handler", answer: "0"), Way(name: "coroutine", answer: "1001"),
  ]

  @Test("It stays loaded, says why, still works, and goes when the way back has gone", arguments: ways)
  func held(way: Way) throws {
    let subject = try Self.subject()
    _ = try subject.run(true)
    _ = try subject.victim.ask("enter \(way.name)")
    let off = try subject.run(false)
    let artifact = try #require(subject.artifact)
    try #require(off.keptLoaded.map(\.patch) == [artifact.id], "\(off.keptLoaded)")
    let image = try Self.image(of: artifact.id, in: subject)
    guard case .stillReferenced(let reference) = off.keptLoaded[0].reason else {
      Issue.record("\(off.keptLoaded[0].reason)")
      return
    }
    switch reference {
    case .word(let address, let mapping, let value):
      #expect(way.name != "handler")
      #expect(image.contains(value))
      let found = try MemoryMap.read(subject.process).mapping(at: address)
      #expect(found.map { $0.path.isEmpty ? "anonymous memory" : $0.path } == mapping)
    case .handler(let signal, let value):
      #expect(way.name == "handler" && signal == 10)
      #expect(image.contains(value))
    case .mangled: Issue.record("\(reference)")
    }
    #expect(try subject.victim.ask("report") == subject.report(new: false), "it is out of effect all the same")
    #expect(try subject.victim.ask("use") == way.answer)
    #expect(try subject.victim.ask("drop") == "dropped")
    let again = try subject.run(false)
    #expect(again.keptLoaded.isEmpty, "\(again.keptLoaded)")
    #expect(try !MemoryMap.read(subject.process).mappings.contains { $0.memoryFileName != nil }, "nothing is left")
    #expect(try subject.victim.ask("report") == subject.report(new: false))
  }

  @Test("A function for the exit is found although the C library mangles its address")
  func atExit() throws {
    let subject = try Self.subject()
    _ = try subject.run(true)
    _ = try subject.victim.ask("enter exit")
    let off = try subject.run(false)
    guard case .stillReferenced(.mangled(_, _, let value)) = off.keptLoaded.first?.reason else {
      Issue.record("\(off.keptLoaded)")
      return
    }
    #expect(try Self.image(of: try #require(subject.artifact).id, in: subject).contains(value))
    #expect(subject.victim.finish() == 42, "it was called at the exit")
  }

  @Test("Without a way back it goes at once, and no page of the process is touched for that")
  func free() throws {
    let subject = try Self.subject()
    let before = try Self.residentKilobytes(subject)
    _ = try subject.run(true)
    _ = try subject.victim.ask("enter none")
    #expect(try subject.victim.ask("report") == subject.report(new: true))
    let off = try subject.run(false)
    #expect(off.keptLoaded.isEmpty, "\(off.keptLoaded)")
    #expect(try !MemoryMap.read(subject.process).mappings.contains { $0.memoryFileName != nil }, "nothing is left")
    #expect(try Self.residentKilobytes(subject) - before < 4096)
  }

  @Test("Both ways of asking for pages say the same")
  func pages() throws {
    let subject = try Self.subject()
    let map = try MemoryMap.read(subject.process)
    let fast = try PopulatedPages(of: subject.process)
    let slow = try PopulatedPages(of: subject.process, asksPageByPage: true)
    var total: UInt64 = 0
    for mapping in map.mappings where !mapping.path.hasPrefix("[v") {
      let one = try fast.stretches(of: mapping)
      let other = try slow.stretches(of: mapping)
      // Only the pages of zeroes that the kernel lends differ: the older way cannot tell them.
      #expect(one.allSatisfy { stretch in other.contains { $0.contains(stretch.lowerBound) } }, "\(mapping)")
      let covered = { (stretches: [Range<UInt64>]) in stretches.reduce(0) { $0 + UInt64($1.count) } }
      #expect(covered(other) >= covered(one))
      if mapping.path == "[stack]" { #expect(covered(one) > 0) }
      total += covered(one)
    }
    #expect(total >= 16384 && total < 16 << 20)
  }

  private static func image(of id: SHA256Digest, in subject: SwitchVictim) throws -> Range<RemoteAddress> {
    let memory = try RemoteMemory(of: subject.process)
    let carried = try CarriedPatches.read(subject.process, map: try MemoryMap.read(subject.process), memory: memory)
    return try #require(carried.ledgers.first { $0.id == id }?.mappedRange)
  }

  private static func residentKilobytes(_ subject: SwitchVictim) throws -> Int {
    Int(try subject.victim.status("VmRSS").prefix { $0.isNumber }) ?? 0
  }
}
