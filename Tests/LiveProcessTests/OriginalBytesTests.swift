import LiveProcess
import Patch
import Testing
import TransitionKit
import VictimKit

@Suite("A patch goes only into the build and over the bytes that it was made against", .needsRoot)
struct OriginalBytesTests {
  @Test("Another byte anywhere in the function is refused with the function's name, and nothing stays loaded")
  func behindTheEntry() throws {
    // No thread calls the function while its last byte is another one.
    let subject = try SwitchVictim(functions: 1, threads: 0)
    let function = try #require(subject.artifact?.info.functions.first)
    let memory = try RemoteMemory(of: subject.process, forWriting: true)
    let binaries = try MappedBinaries().read(
      subject.process, map: try MemoryMap.read(subject.process), memory: memory)
    let bias = try #require(binaries.first { $0.buildID == subject.build }).loadBias
    let last = RemoteAddress(function.address.value &+ bias &+ function.size - 1)
    let original = try memory.read(1, at: last)
    try memory.write([original[0] ^ 1], at: last)

    let error = #expect(throws: TransitionRefused.self) { try subject.run(true) }
    #expect(error?.symbol == "function_0")
    if case .foreignBytes = error?.reason {} else { Issue.record("\(String(describing: error))") }
    #expect(try PatchReader.read(subject.process).patches.isEmpty)
    #expect(try memory.read(1, at: last) == [original[0] ^ 1], "what somebody else wrote stays")

    try memory.write(original, at: last)
    #expect(try subject.victim.ask("report") == subject.report(new: false))
    #expect(try subject.run(true).changed)
    #expect(try subject.victim.ask("report") == subject.report(new: true))
  }

  @Test("A build that the process does not map is refused by its build-id")
  func anotherBuild() throws {
    let subject = try SwitchVictim(functions: 0)
    let other = testBuildID
    let request = try PairPatch.request(subject.process, other, isOn: true, nil)
    let error = #expect(throws: TransitionRefused.self) { try Transition.run(request) }
    #expect(error?.reason == .buildNotMapped(other))
    #expect(try subject.victim.ask("report") == subject.report(new: false))
  }
}
