import LiveProcess
import Patch
import Testing

@Suite("A switch that is killed behind any step leaves wholly old or wholly new code")
struct SwitchPlanTests {
  /// Walks a process through random switches; before each, plays every way in which the tool can die in it.
  @Test(arguments: 0..<400, [CodeWriter.Route.memoryFile, .words])
  func anyPrefixIsOldOrNew(seed: Int, route: CodeWriter.Route) throws {
    var numbers = SeededNumbers(seed: UInt64(seed))
    var model = SwitchModel(&numbers)
    model.route = route
    var switched = 0
    for _ in 0..<6 {
      let bits = model.ledgers.map(\.bit)
      let on = Set(bits.filter { _ in Int.random(in: 0..<3, using: &numbers) == 0 })
      let off = Set(bits.filter { _ in Bool.random(using: &numbers) }).subtracting(on)
      let plan: SwitchPlan
      do { plan = try model.plan(on: on, off: off) } catch {
        // Two patches for one place, or a direct form that is not alone: refused, and nothing is written.
        switch error.reason {
        case .placeTaken, .directFormOnly: continue
        default: throw error
        }
      }
      try playDeaths(of: plan, in: model, on: on, off: off)
      model.save(plan)
      for step in plan.steps { model.apply(step) }
      if plan.wordBefore != plan.wordAfter { switched += 1 }
      #expect(model.word == plan.wordAfter)
      #expect(try model.plan(on: on, off: off).isEmpty, "a second switch has nothing to do")
    }
    _ = switched
  }

  private func playDeaths(of plan: SwitchPlan, in model: SwitchModel, on: Set<Int>, off: Set<Int>) throws {
    let old = model.behaviour
    var whole = model
    whole.save(plan)
    for step in plan.steps { whole.apply(step) }
    let new = whole.behaviour
    for alive in 0...plan.steps.count {
      var dead = model
      dead.save(plan)
      for step in plan.steps.prefix(alive) { dead.apply(step) }
      let seen = dead.behaviour
      #expect(seen == old || seen == new, "killed behind step \(alive) of \(plan.steps.map(\.phase))")
      if dead.word == plan.wordBefore {
        // The commit may outlive the tool: a thread that was held up behind its first question finds the new word then.
        var held = dead
        held.laterWord = plan.wordAfter
        for (place, patch) in held.behaviour.functions {
          #expect(patch == old.functions[place] || patch == new.functions[place], "neither old nor new at \(place)")
        }
      }
      let recovery = try dead.plan()
      for step in recovery.steps {
        dead.apply(step)
        #expect(dead.behaviour == seen, "recovery changes nothing that the process does")
        #expect(try dead.plan().steps.count < recovery.steps.count || recovery.steps.count <= 1)
      }
      #expect(try dead.plan().isEmpty, "one recovery is enough")
      try expectSettled(dead)
      // The next run converges whatever it finds.
      let again = try dead.plan(on: on, off: off)
      dead.save(again)
      for step in again.steps { dead.apply(step) }
      #expect(dead.behaviour == new)
    }
  }

  private func expectSettled(_ model: SwitchModel) throws {
    for ledger in model.ledgers {
      for function in ledger.functions {
        let owner = model.ledgers.first { other in
          other.mask & model.word != 0 && other.functions.contains { $0.place == function.place }
        }
        let wanted = owner?.functions.first { $0.place == function.place }?.direct ?? function.original
        #expect(model.read(function.place, 5) == wanted)
        if let gate = function.gate { #expect(model.read(gate.elseSlot, 8) == model.bytes(of: gate.moved.value)) }
      }
    }
  }

  @Test("All places of a page are one write")
  func pageBatches() throws {
    var model = try #require(gated(places: [0x40_0010, 0x40_0050, 0x40_0090, 0x40_1010]))
    let plan = try model.plan(on: [0])
    #expect(plan.steps.map(\.phase) == [.arm, .arm, .commit, .settle, .settle])
    for step in plan.steps { model.apply(step) }
    #expect(model.behaviour.functions.values.allSatisfy { $0 == 0 })
  }

  @Test("Word by word each place is a write of its own, of no more than a word within one page")
  func words() throws {
    // The last one's bytes that change are the last of their page.
    var model = try #require(gated(places: [0x40_0010, 0x40_0050, 0x40_0093, 0x40_1ffb]))
    model.route = .words
    let plan = try model.plan(on: [0])
    #expect(plan.steps.map(\.phase) == [.arm, .arm, .arm, .arm, .commit, .settle, .settle, .settle, .settle])
    for write in plan.steps.flatMap(\.writes) {
      #expect(write.bytes.count <= 8 && write.start.value % 4096 + UInt64(write.bytes.count) <= 4096)
    }
    for step in plan.steps { model.apply(step) }
    #expect(model.behaviour.functions.values.allSatisfy { $0 == 0 })
  }

  @Test("Bytes that nobody of ours wrote are refused with what stands there")
  func foreignBytes() throws {
    var model = try #require(gated(places: [0x40_0010, 0x40_0050]))
    model.write([0xcc], at: RemoteAddress(0x40_0050))
    let error = #expect(throws: SwitchRefusal.self) { try model.plan(on: [0]) }
    #expect(
      error?.reason
        == .foreignBytes(
          ObservedPatch.Drift(
            kind: .breakpoint, symbol: "f4194384", address: RemoteAddress(0x40_0050),
            expected: [0x55, 0x48, 0x89, 0x50, 0x53], found: [0xcc, 0x48, 0x89, 0x50, 0x53])))
  }

  @Test("An active patch keeps its place until it is deactivated in the same switch")
  func successor() throws {
    var model = try #require(gated(places: [0x40_0010], patches: 2))
    for step in try model.plan(on: [0]).steps { model.apply(step) }
    #expect(throws: SwitchRefusal(patch: "p1", symbol: "f4194320", .placeTaken(by: "p0"))) { try model.plan(on: [1]) }
    let plan = try model.plan(on: [1], off: [0])
    #expect(plan.steps.map(\.phase) == [.slots, .arm, .commit, .settle, .tidy])
    #expect(plan.uses.map(\.range) == model.ledgers[0].textRanges, "no thread may be in the old patch's code")
    for step in plan.steps { model.apply(step) }
    #expect(model.behaviour.functions == [0x40_0010: 1])
  }

  @Test("A thread inside the overwritten bytes has a copy to go on in")
  func redirects() throws {
    let model = try #require(gated(places: [0x40_0010]))
    let plan = try model.plan(on: [0])
    let moved = try #require(model.ledgers[0].functions[0].gate?.instructions[0])
    #expect(plan.redirects == [moved.original: moved.moved])
    #expect(plan.overwritten.map(\.range) == [RemoteAddress(0x40_0011)..<RemoteAddress(0x40_0015)])
  }

  @Test("A value that the program has changed since is left alone and reported")
  func valueChanged() throws {
    var model = try #require(gated(places: [], values: [0x60_0000, 0x60_0020]))
    let on = try model.plan(on: [0])
    #expect(on.steps.map(\.phase) == [.commit])
    model.save(on)
    for step in on.steps { model.apply(step) }
    model.write([7], at: RemoteAddress(0x60_0020))
    let off = try model.plan(off: [0])
    #expect(off.valuesLeft.map(\.address) == [RemoteAddress(0x60_0020)])
    for step in off.steps { model.apply(step) }
    #expect(model.read(RemoteAddress(0x60_0000), 4) == [0, 0, 0, 9])
    #expect(model.read(RemoteAddress(0x60_0020), 4) == [7, 0xee, 0, 0])
  }

  private func gated(places: [UInt64], values: [UInt64] = [], patches: Int = 1) -> SwitchModel? {
    var numbers = SeededNumbers(seed: 1)
    var model = SwitchModel(&numbers)
    model.ledgers = (0..<patches).map { SwitchModel.ledger(bit: $0, places: places, values: values, direct: false) }
    model.memory = [:]
    for ledger in model.ledgers {
      for function in ledger.functions {
        model.write(function.original, at: function.place)
        if let gate = function.gate { model.write(model.bytes(of: gate.moved.value), at: gate.elseSlot) }
      }
      for value in ledger.values { model.write(value.original, at: value.address) }
    }
    model.write(model.bytes(of: 0), at: SwitchModel.wordAddress)
    return model
  }
}
