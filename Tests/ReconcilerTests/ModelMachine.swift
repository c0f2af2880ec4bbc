import LiveProcess
import Patch
import Reconciler
import Synchronization

/// A machine without processes: it keeps the states and changes them as a transition would.
final class ModelMachine: Machine {
  struct State: Sendable {
    var observation: Observation
    /// What to answer instead of making the transition, by process; nil answers make it.
    var refusals: [Int32: TransitionRefused.Reason] = [:]
    /// Processes that appear after so many transitions: forks in between.
    var latecomers: [(after: Int, process: ObservedProcess)] = []
    var requests: [TransitionRequest] = []
    var looks = 0
    var running = 0
    var mostAtOnce = 0
  }

  private let state: Mutex<State>
  init(_ observation: Observation) { state = Mutex(State(observation: observation)) }

  func change(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }
  var requests: [TransitionRequest] { state.withLock { $0.requests } }
  var looks: Int { state.withLock { $0.looks } }
  var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

  func observe(_ question: Question) -> Observation {
    state.withLock { state in
      state.looks += 1
      var result = state.observation
      if let only = question.processes { result.processes.removeAll { !only.contains($0.identity.pid) } }
      return result
    }
  }

  func transition(_ request: TransitionRequest) throws(TransitionRefused) -> TransitionOutcome {
    let result: Result<TransitionOutcome, TransitionRefused> = state.withLock { state in
      state.requests.append(request)
      state.running += 1
      state.mostAtOnce = max(state.mostAtOnce, state.running)
      defer { state.running -= 1 }
      let pid = request.process.pid.value
      if let reason = state.refusals[pid] {
        if reason == .gone { state.observation.processes.removeAll { $0.identity == request.process } }
        return .failure(TransitionRefused(process: request.process, reason: reason, tries: 1))
      }
      guard let index = state.observation.processes.firstIndex(where: { $0.identity == request.process }) else {
        return .failure(TransitionRefused(process: request.process, reason: .gone, tries: 0))
      }
      do throws(TransitionRefused) {
        try state.observation.processes[index].make(request)
      } catch {
        return .failure(error)
      }
      for late in state.latecomers where late.after <= state.requests.count {
        if !state.observation.processes.contains(where: { $0.identity == late.process.identity }) {
          state.observation.processes.append(late.process)
        }
      }
      return .success(
        TransitionOutcome(
          longestStop: .microseconds(310), threads: 5, tries: 1, changed: true, keptLoaded: [], valuesLeft: [],
          recovered: []))
    }
    return try result.get()
  }
}

extension ObservedProcess {
  /// Changes the state as the real transition promises, and refuses what it would refuse.
  mutating func make(_ request: TransitionRequest) throws(TransitionRefused) {
    func refused(_ reason: TransitionRefused.Reason) -> TransitionRefused {
      TransitionRefused(process: identity, reason: reason, tries: 1)
    }
    var patches = patches
    for content in request.load {
      guard !patches.contains(where: { $0.id == content.id }) else {
        throw refused(.damagedLedger(field: "twice", at: .init(0)))
      }
      guard case .values(let patch) = content else { throw refused(.unsupported("artifacts in the model")) }
      patches.append(
        ObservedPatch(
          id: patch.id, name: patch.name, fixes: [], buildID: patch.buildID, state: .loaded,
          places: patch.values.map {
            .init(kind: .value, symbol: $0.symbol, address: .init($0.offset), size: UInt64($0.set.count))
          }, drift: [], mappedSize: 8192))
    }
    for id in request.activate {
      guard let index = patches.firstIndex(where: { $0.id == id }) else { throw refused(.notLoaded) }
      patches[index].state = .active
      patches[index].drift = []
    }
    for id in request.deactivate {
      guard let index = patches.firstIndex(where: { $0.id == id }) else { throw refused(.notLoaded) }
      if let drift = patches[index].drift.first(where: { $0.kind != .valueChanged && $0.kind != .restoredByOthers }) {
        throw refused(.foreignBytes(drift))
      }
      patches[index].state = .loaded
      patches[index].drift = []
    }
    for id in request.unload {
      guard let index = patches.firstIndex(where: { $0.id == id }), patches[index].state == .loaded else {
        throw refused(.notLoaded)
      }
      patches.remove(at: index)
    }
    var taken: Set<String> = []
    for patch in patches where patch.state == .active {
      for place in patch.places {
        guard taken.insert("\(patch.buildID) \(place.symbol) \(place.address)").inserted else {
          throw refused(.placeTaken(by: patch.name))
        }
      }
    }
    self.patches = patches
    leftovers = []
  }
}
