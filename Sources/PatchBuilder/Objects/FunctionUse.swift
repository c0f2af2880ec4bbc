internal import Patch

/// What an object shows of how a function is used, as far as it bears on replacing it while the program runs.
struct FunctionUse {
  private var targets: ReferenceTargets

  init(_ targets: ReferenceTargets) { self.targets = targets }

  private static let lockCalls = [
    "pthread_mutex_lock", "pthread_mutex_trylock", "pthread_mutex_timedlock", "pthread_mutex_unlock",
    "pthread_rwlock_rdlock", "pthread_rwlock_wrlock", "pthread_rwlock_tryrdlock", "pthread_rwlock_trywrlock",
    "pthread_rwlock_unlock", "pthread_spin_lock", "pthread_spin_trylock", "pthread_spin_unlock", "mtx_lock",
    "mtx_trylock", "mtx_timedlock", "mtx_unlock", "sem_wait", "sem_trywait", "sem_timedwait", "sem_post",
  ]
  private static let threadCalls: Set<String> = ["pthread_create", "thrd_create"]
  private static let signalCalls: Set<String> = [
    "signal", "bsd_signal", "sysv_signal", "__sysv_signal", "sigaction", "sigset",
  ]

  /// What the author of a patch should know of a function that is replaced.
  ///
  /// `now`: the same of the object with the change.
  mutating func facts(of name: String, now: inout FunctionUse) -> [BuildNote.Fact] {
    var facts: [BuildNote.Fact] = []
    if name == "main" { facts.append(.alwaysInUse) } else if loopsForEver(name) { facts.append(.neverReturns) }
    facts += takers(of: name, thatCall: FunctionUse.threadCalls).map { .mayStartThreads(in: $0) }
    facts += takers(of: name, thatCall: FunctionUse.signalCalls).map { .mayHandleSignals(in: $0) }
    let (before, after) = (locks(in: name), now.locks(in: name))
    if before != after { facts.append(.locksOtherwise(Set(before + after).sorted())) }
    let (given, back) = (releases(in: name), now.releases(in: name))
    if given != back { facts.append(.releasesOtherwise(Set(given + back).sorted())) }
    let guarded = guarded(in: name).union(now.guarded(in: name))
    if !guarded.isEmpty { facts.append(.initialisesOnce(guarded.sorted())) }
    return facts
  }

  /// The calls of locks that a function makes, in the order of its code.
  private mutating func locks(in name: String) -> [String] {
    calls(in: name).filter { FunctionUse.lockCalls.contains($0) }
  }

  /// The names that a function refers to, functions and pointers to them, in the order of its code.
  mutating func names(in name: String) -> [String] {
    references(in: name).compactMap { target in
      switch target {
      case .named(let name, 0), .external(let name, _): name
      default: nil
      }
    }
  }

  /// What gives memory back, by its name, in the order of a function's code.
  private mutating func releases(in name: String) -> [String] {
    names(in: name).filter(MemoryOwnership.givesBack)
  }

  /// The variables whose guards a function looks at (Itanium C++ ABI 5.1.6, "Guard variables").
  private mutating func guarded(in name: String) -> Set<String> {
    Set(
      references(in: name).compactMap { target in
        switch target {
        case .named(let name, _), .external(let name, _): name.hasPrefix("_ZGVZ") ? "_Z" + name.dropFirst(4) : nil
        default: nil
        }
      })
  }

  /// The functions outside the object that a function refers to, in the order of its code.
  private mutating func calls(in name: String) -> [String] {
    references(in: name).compactMap { if case .external(let name, _) = $0 { name } else { nil } }
  }

  /// What a function refers to, in the order of its code.
  private mutating func references(in name: String) -> [ReferenceTargets.Target] {
    sections(of: name).flatMap { section in
      section.references.map { targets.target(of: $0, in: section.header.index) }
    }
  }

  /// A function's own section and that of its unlikely part.
  private func sections(of name: String) -> [RelocatableObject.Section] {
    targets.object.symbols.filter { symbol in
      symbol.type == .function && symbol.isDefined
        && (RelocatableObject.parent(of: symbol.name) ?? symbol.name) == name
    }.compactMap { targets.object.section(of: $0) }
  }

  /// The functions that take a function's address and call one of several others, by name.
  private mutating func takers(of name: String, thatCall wanted: Set<String>) -> [String] {
    var found: Set<String> = []
    for case let section? in targets.object.sections where section.isCode {
      guard let holder = section.symbols.first else { continue }
      let takes = section.references.contains { reference in
        guard !section.isBranch(reference),
          case .named(name, 0) = targets.target(of: reference, in: section.header.index)
        else { return false }
        return true
      }
      let taker = targets.object.symbols[holder].name
      if takes, !wanted.isDisjoint(with: calls(in: taker)) { found.insert(taker) }
    }
    return found.sorted()
  }

  /// Whether a function loops and has no way back to its caller.
  private mutating func loopsForEver(_ name: String) -> Bool {
    guard let decoder = X86_64Decoder() else { return false }
    var loops = false
    for section in sections(of: name) {
      var at = 0
      while let instruction = decoder.instruction(in: section.content, at: at, base: 0) {
        let next = at + max(1, instruction.bytes.count)
        switch instruction.flow {
        case .return, .indirectJump, .other: return false
        case .jump(let to), .conditional(let to, _), .counted(let to):
          if let reference = section.references.first(where: {
            (at..<next).contains($0.offset) && section.isBranch($0)
          }) {
            // Between a function and its unlikely part; anything else is the call with which it ends.
            guard case .named(let other, _) = targets.target(of: reference, in: section.header.index),
              (RelocatableObject.parent(of: other) ?? other) == name
            else { return false }
          } else if to <= UInt64(at) {
            loops = true
          }
        case .next, .call, .indirectCall, .breakpoint, .stop: break
        }
        at = next
      }
    }
    return loops
  }
}
