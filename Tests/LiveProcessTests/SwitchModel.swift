import LiveProcess
import Patch

/// Numbers that look random and are the same in every run with the same seed (SplitMix64, Steele et al.
///
/// 2014).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A process as a switch sees it: bytes, and what a call to each function and a look at each value gives.
struct SwitchModel {
  static let wordAddress = RemoteAddress(0x7000_0000)
  var ledgers: [Ledger]
  var memory: [UInt64: UInt8] = [:]

  /// What a call to every function runs (nil: the build's own code; else the patch's bit) and the values' bytes.
  struct Behaviour: Equatable {
    var functions: [UInt64: Int?] = [:]
    var values: [UInt64: [UInt8]] = [:]
  }

  /// Patches over a few pages of functions and a few values, every one of them loaded and none active.
  init(_ numbers: inout SeededNumbers) {
    ledgers = []
    let placeCount = UInt64.random(in: 1...12, using: &numbers)
    let places: [UInt64] = (0..<placeCount).map { (index: UInt64) -> UInt64 in
      let page: UInt64 = (index % 3) * 4096
      return 0x40_0010 + page + index * 64
    }
    let valueCount = UInt64.random(in: 0...4, using: &numbers)
    let values: [UInt64] = (0..<valueCount).map { (index: UInt64) -> UInt64 in 0x60_0000 + index * 32 }
    for bit in 0..<Int.random(in: 1...4, using: &numbers) {
      let chosen = Bool.random(using: &numbers) ? places : places.filter { _ in Bool.random(using: &numbers) }
      let chosenValues = values.filter { _ in Int.random(in: 0..<3, using: &numbers) == 0 }
      let direct = chosen.count == 1 && chosenValues.isEmpty && Bool.random(using: &numbers)
      ledgers.append(SwitchModel.ledger(bit: bit, places: chosen, values: chosenValues, direct: direct))
    }
    for ledger in ledgers {
      for function in ledger.functions {
        write(function.original, at: function.place)
        if let gate = function.gate { write(bytes(of: gate.moved.value), at: gate.elseSlot) }
      }
      for value in ledger.values { write(value.original, at: value.address) }
    }
    write(bytes(of: 0), at: SwitchModel.wordAddress)
  }

  static func ledger(bit: Int, places: [UInt64], values: [UInt64], direct: Bool) -> Ledger {
    let base = UInt64(0x1000_0000 + bit * 0x10_0000)
    let functions = places.map { place in
      let own = base + 0x4000 + (place & 0xffff) * 8
      let gate = RemoteAddress(own)
      let replacement = RemoteAddress(own + 64)
      return Ledger.Function(
        symbol: "f\(place)", range: RemoteAddress(place)..<RemoteAddress(place + 48), place: RemoteAddress(place),
        original: [0x55, 0x48, 0x89, UInt8(place & 0xff), 0x53],
        direct: X86_64Branch.near(from: RemoteAddress(place), to: replacement) ?? [], replacement: replacement,
        gate: direct
          ? nil
          : Ledger.Gate(
            branch: X86_64Branch.near(from: RemoteAddress(place), to: gate) ?? [],
            range: gate..<RemoteAddress(own + 32), elseSlot: RemoteAddress(base + 0x1000 + (place & 0xffff)),
            moved: RemoteAddress(own + 128),
            instructions: [
              Ledger.MovedInstruction(original: RemoteAddress(place + 1), moved: RemoteAddress(own + 129))
            ], branchesToEntry: false))
    }
    return Ledger(
      id: SHA256Digest(of: [UInt8(bit)]), state: .loaded, bit: bit, activatedAt: nil, name: "p\(bit)", description: nil,
      fixes: [], buildID: testBuildID, loadBias: 0, base: RemoteAddress(base), stateWord: wordAddress,
      parts: [Ledger.Part(offset: 0x4000, size: 0xf_c000, protection: .executable, digest: nil)], functions: functions,
      values: values.map {
        Ledger.Value(
          symbol: "v\($0)", address: RemoteAddress($0), new: [UInt8(bit + 1), 0xee, 0, 0], original: [0, 0, 0, 9],
          expect: nil)
      })
  }

  var word: UInt64 { read(SwitchModel.wordAddress, 8).reversed().reduce(0) { $0 << 8 | UInt64($1) } }

  func bytes(of word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }

  func read(_ address: RemoteAddress, _ count: Int) -> [UInt8] {
    (0..<UInt64(count)).map { memory[address.value + $0] ?? 0x90 }
  }

  mutating func write(_ bytes: [UInt8], at address: RemoteAddress) {
    for (index, byte) in bytes.enumerated() { memory[address.value + UInt64(index)] = byte }
  }

  mutating func apply(_ step: SwitchPlan.Step) {
    for write in step.writes { self.write(write.bytes, at: write.start) }
  }

  /// Notes in the ledgers what the plan found in the variables, as the transition does before the first step.
  mutating func save(_ plan: SwitchPlan) {
    for saved in plan.saved { ledgers[saved.ledger].values[saved.value].original = saved.bytes }
  }

  /// How its code can be written.
  var route = CodeWriter.Route.memoryFile

  func plan(on: Set<Int> = [], off: Set<Int> = []) throws(SwitchRefusal) -> SwitchPlan {
    let image = MemoryImage(
      try SwitchPlan.neededMemory(ledgers).map {
        MemoryImage.Span(start: $0.lowerBound, bytes: read($0.lowerBound, $0.count))
      })
    return try SwitchPlanner.plan(
      ledgers, word: word, memory: image, activate: on, deactivate: off, checksStacks: true, by: route)
  }

  /// What the processor would do: follow branches, ask gates.
  var behaviour: Behaviour {
    var result = Behaviour()
    for ledger in ledgers {
      for function in ledger.functions { result.functions[function.place.value] = run(function.place) }
      for value in ledger.values { result.values[value.address.value] = read(value.address, value.new.count) }
    }
    return result
  }

  /// Which patch's replacement a call to a place reaches; -1 where it runs into something that is nobody's.
  private func run(_ place: RemoteAddress) -> Int? {
    let found = read(place, 5)
    for ledger in ledgers {
      for function in ledger.functions where function.place == place {
        if found == function.original { return nil }
        if found == function.direct { return ledger.bit }
        if let gate = function.gate, found == gate.branch { return pass(gate, ledger, place) }
      }
    }
    return -1
  }

  /// The state word that a thread finds which asks a second gate: nil where nothing happens in between.
  var laterWord: UInt64?

  private func pass(_ gate: Ledger.Gate, _ ledger: Ledger, _ place: RemoteAddress, depth: Int = 0) -> Int? {
    if (depth > 0 ? laterWord ?? word : word) & ledger.mask != 0 { return ledger.bit }
    let target = read(gate.elseSlot, 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard depth < 8 else { return -1 }
    for other in ledgers {
      for function in other.functions where function.place == place {
        if target == function.replacement.value { return other.bit }
        guard let next = function.gate else { continue }
        if target == next.moved.value { return nil }
        if target == next.range.lowerBound.value { return pass(next, other, place, depth: depth + 1) }
      }
    }
    return -1
  }
}

let testBuildID = BuildID(hex: "00112233445566778899aabbccddeeff00112233") ?? BuildID.unreachable

extension BuildID {
  static var unreachable: BuildID { preconditionFailure("the digits above are a build-id") }
}
