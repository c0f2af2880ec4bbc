import LiveProcess
import Patch
import Testing

@Suite("A switch that cannot be made safely is not planned")
struct SwitchRefusalTests {
  /// A process with one loaded patch.
  private func model(places: [UInt64], direct: Bool = false, loops: Bool = false) -> SwitchModel {
    var numbers = SeededNumbers(seed: 1)
    var model = SwitchModel(&numbers)
    model.ledgers = [SwitchModel.ledger(bit: 0, places: places, values: [], direct: direct)]
    model.memory = [:]
    for index in model.ledgers[0].functions.indices {
      model.ledgers[0].functions[index].gate?.branchesToEntry = loops
      let function = model.ledgers[0].functions[index]
      model.write(function.original, at: function.place)
      if let gate = function.gate { model.write(model.bytes(of: gate.moved.value), at: gate.elseSlot) }
    }
    model.write(model.bytes(of: 0), at: SwitchModel.wordAddress)
    return model
  }

  private func plan(
    _ model: SwitchModel, checksStacks: Bool, by route: CodeWriter.Route = .memoryFile
  ) throws(SwitchRefusal) -> SwitchPlan {
    let spans = try SwitchPlan.neededMemory(model.ledgers).map {
      MemoryImage.Span(start: $0.lowerBound, bytes: model.read($0.lowerBound, $0.count))
    }
    return try SwitchPlanner.plan(
      model.ledgers, word: 0, memory: MemoryImage(spans), activate: [0], deactivate: [], checksStacks: checksStacks,
      by: route)
  }

  @Test("A branch across two pages, which is not one write", arguments: [0x40_0ffc, 0x40_0fff] as [UInt64])
  func crossesPage(place: UInt64) throws {
    let error = #expect(throws: SwitchRefusal.self) { try plan(model(places: [place]), checksStacks: true) }
    #expect(error?.reason == .crossesPage)
    #expect(try !plan(model(places: [0x40_0ffb]), checksStacks: true).isEmpty)
  }

  @Test("A branch of 14 bytes where code is written word by word: half of one would lead anywhere")
  func longBranch() throws {
    var model = model(places: [0x40_0010])
    let function = model.ledgers[0].functions[0]
    let original = function.original + [UInt8](repeating: 0x55, count: 9)
    func absolute(_ target: UInt64) -> [UInt8] { [0xff, 0x25, 0, 0, 0, 0] + target.littleEndianBytes }
    let gate = try #require(function.gate)
    model.ledgers[0].functions[0].original = original
    model.ledgers[0].functions[0].direct = absolute(0x7abc_1234_5678)
    model.ledgers[0].functions[0].gate?.branch = absolute(gate.range.lowerBound.value)
    model.write(original, at: function.place)
    #expect(try !plan(model, checksStacks: true).isEmpty)
    let error = #expect(throws: SwitchRefusal.self) { try plan(model, checksStacks: true, by: .words) }
    #expect(error?.patch == "p0" && error?.symbol == function.symbol)
    guard case .unsupported(let what) = error?.reason else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(what.contains("proc_mem.force_override"))
    // Longer room for another patch's branch does not matter, only what changes.
    model.ledgers[0].functions[0].direct = function.direct
    model.ledgers[0].functions[0].gate?.branch = gate.branch
    #expect(try !plan(model, checksStacks: true, by: .words).isEmpty)
  }

  @Test("A function that jumps to its own entry, under immediate: a call in progress would end in the new code")
  func loopsToEntry() throws {
    let looping = model(places: [0x40_0010], loops: true)
    let error = #expect(throws: SwitchRefusal.self) { try plan(looping, checksStacks: false) }
    #expect(error?.reason == .loopsToEntry)
    #expect(try !plan(looping, checksStacks: true).isEmpty)
  }

  @Test("Two functions without gates, of which one would be new before the other")
  func directForm() throws {
    let error = #expect(throws: SwitchRefusal.self) {
      try plan(model(places: [0x40_0010, 0x40_0050], direct: true), checksStacks: true)
    }
    #expect(error?.reason == .directFormOnly("p0"))
    #expect(try !plan(model(places: [0x40_0010], direct: true), checksStacks: true).isEmpty)
  }
}
