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

  private func plan(_ model: SwitchModel, checksStacks: Bool) throws(SwitchRefusal) -> SwitchPlan {
    let spans = try SwitchPlan.neededMemory(model.ledgers).map {
      MemoryImage.Span(start: $0.lowerBound, bytes: model.read($0.lowerBound, $0.count))
    }
    return try SwitchPlanner.plan(
      model.ledgers, word: 0, memory: MemoryImage(spans), activate: [0], deactivate: [], checksStacks: checksStacks)
  }

  @Test("A branch across two pages, which is not one write", arguments: [0x40_0ffc, 0x40_0fff] as [UInt64])
  func crossesPage(place: UInt64) throws {
    let error = #expect(throws: SwitchRefusal.self) { try plan(model(places: [place]), checksStacks: true) }
    #expect(error?.reason == .crossesPage)
    #expect(try !plan(model(places: [0x40_0ffb]), checksStacks: true).isEmpty)
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
