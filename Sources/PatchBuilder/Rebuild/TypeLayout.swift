/// A structure or union in memory.
struct TypeLayout: Equatable {
  /// How many bytes it has, in words.
  let size: String
  /// The members with their types and places, in words.
  let members: [String]

  /// All of it in one clause.
  var text: String { "\(size) with \(members.isEmpty ? "no members" : members.joined(separator: ", "))" }

  /// What is another size, and the first member that differs, in one clause.
  static func difference(from before: [TypeLayout], to now: [TypeLayout]) -> String {
    guard before.count == now.count, let (old, new) = zip(before, now).first(where: { $0 != $1 }) else {
      return "\(before.count) types of this name before, \(now.count) now"
    }
    var parts: [String] = []
    if old.size != new.size { parts.append("\(old.size) before, \(new.size) now") }
    for index in 0..<max(old.members.count, new.members.count) {
      let was = index < old.members.count ? old.members[index] : "no member"
      let becomes = index < new.members.count ? new.members[index] : "no member"
      guard was != becomes else { continue }
      parts.append("\(was) before, \(becomes) now")
      break
    }
    return parts.joined(separator: "; ")
  }
}
