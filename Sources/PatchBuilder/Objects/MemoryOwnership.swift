internal import Patch

/// Which of the functions that a change replaces get memory otherwise than before, and which give it back otherwise.
///
/// Where, in one file, one does the one and another the other, who owns what lives may have changed hands: what the old code has made meets the new
/// code that frees it, and after a revert the other way round. Nothing in the code says so with certainty; no such patch is made unless
/// its author answers for it.
struct MemoryOwnership {
  private struct Change {
    let place: String
    let symbol: String
    let names: [String]
  }

  private var getting: [Change] = []
  private var givingBack: [Change] = []

  /// Takes in a function that is replaced.
  ///
  /// `old`, `new`: what its objects say before the change and with it.
  mutating func add(_ symbol: String, of place: String, from old: inout FunctionUse, to new: inout FunctionUse) {
    let (before, now) = (old.names(in: symbol), new.names(in: symbol))
    let gotten = Self.differing(before.filter(Self.gets), now.filter(Self.gets))
    if !gotten.isEmpty { getting.append(Change(place: place, symbol: symbol, names: gotten)) }
    // In their order: what gives back is often a pointer that is read once and called many times.
    let givesBack = { (name: String) in Self.givesBack(name) && !Self.resizes(name) }
    let (given, back) = (before.filter(givesBack), now.filter(givesBack))
    if given != back {
      givingBack.append(Change(place: place, symbol: symbol, names: Set(given + back).sorted()))
    }
  }

  /// The names that are among others more or less often than among the first ones.
  private static func differing(_ names: [String], _ others: [String]) -> [String] {
    let (before, now) = (Dictionary(grouping: names) { $0 }, Dictionary(grouping: others) { $0 })
    return Set(names + others).filter { before[$0]?.count != now[$0]?.count }.sorted()
  }

  /// Each function that gives memory back otherwise, and another one that gets it otherwise.
  private var pairs: [(giver: Change, getter: Change)] {
    givingBack.compactMap { giver in
      getting.first { $0.place == giver.place && $0.symbol != giver.symbol }.map { (giver, $0) }
    }
  }

  var refusals: [BuildRefusal] {
    pairs.map { giver, getter in
      BuildRefusal(
        place: giver.place, symbol: giver.symbol,
        reason: .memoryChangesHands(releases: giver.names, function: getter.symbol, acquires: getter.names))
    }
  }

  /// The same, where the author answers for it.
  var notes: [BuildNote] {
    pairs.map { giver, getter in BuildNote(symbol: giver.symbol, fact: .acceptedOwnership(of: getter.symbol)) }
  }

  /// Whether a name is that of something that gives memory back: `free`, `xmlFree`, `g_object_unref`, `operator delete`.
  static func givesBack(_ name: String) -> Bool {
    let name = name.lowercased()
    return ["free", "unref", "release", "realloc"].contains { name.contains($0) }
      || ["_zdl", "_zda"].contains { name.hasPrefix($0) }
  }

  /// Whether a name is that of something that gets memory: `malloc`, `xmlStrdup`, `operator new`.
  private static func gets(_ name: String) -> Bool {
    let lower = name.lowercased()
    return !resizes(name)
      && (["alloc", "strdup", "strndup", "memdup", "asprintf"].contains { lower.contains($0) }
        && !lower.contains("dealloc")
        || ["_znw", "_zna"].contains { lower.hasPrefix($0) })
  }

  private static func resizes(_ name: String) -> Bool { name.lowercased().contains("realloc") }
}
