/// The routines that make an image's call-frame information known to the program's unwinder, found in the object.
///
/// They are the patch's own code, which one thread of the target runs. What has been done is kept in a word of the image, which the
/// routines themselves change, so that nothing is done twice, whoever dies in between.
package struct UnwindRegistration: Equatable, Sendable {
  /// What the word says.
  package enum State: UInt32, Sendable {
    case none = 0
    /// A thread is in the routine.
    case registering = 1
    case registered = 2
    case deregistering = 3
  }

  /// The word in eight bytes, and libgcc's `struct object` with room to spare (48 bytes in gcc 12).
  package static let stateSize: UInt64 = 72

  /// The symbols' indices in ``PatchObject/symbols``.
  package let register: Int
  package let deregister: Int
  package let state: Int

  /// Finds and checks the symbols; nil where the description names none.
  static func resolve(_ info: PatchInfo, in object: PatchObject) throws(DamagedArtifact) -> UnwindRegistration? {
    guard let names = info.registration else { return nil }
    func find(
      _ name: String, _ field: String, _ allowed: String, _ isRight: (PatchSymbol, PatchSection, UInt64) -> Bool
    ) throws(DamagedArtifact) -> Int {
      let found = object.symbols.indices.filter { index in
        guard object.symbols[index].name == name,
          case .section(let section, let offset) = object.symbols[index].definition
        else { return false }
        return isRight(object.symbols[index], object.sections[section], offset)
      }
      guard let index = found.first, found.count == 1 else {
        throw DamagedArtifact(
          field: "info.registration.\(field)", found: "\(name), defined so \(found.count) times", allowed: allowed)
      }
      return index
    }
    let routine = "one symbol of a size in a text section"
    let isRoutine: (PatchSymbol, PatchSection, UInt64) -> Bool = { symbol, section, _ in
      section.kind == .text && symbol.size > 0
    }
    return UnwindRegistration(
      register: try find(names.register, "register", routine, isRoutine),
      deregister: try find(names.deregister, "deregister", routine, isRoutine),
      state: try find(names.state, "state", "\(stateSize) bytes of zeros, aligned to 8") { symbol, section, offset in
        section.kind == .zero && section.alignment % 8 == 0 && offset % 8 == 0 && symbol.size == stateSize
      })
  }
}

/// Where the routines and their state lie in one process.
package struct LinkedRegistration: Equatable, Sendable {
  package let register: RemoteAddress
  package let deregister: RemoteAddress
  /// The word, and what the unwinder keeps.
  package let state: Range<RemoteAddress>

  package init(register: RemoteAddress, deregister: RemoteAddress, state: Range<RemoteAddress>) {
    self.register = register
    self.deregister = deregister
    self.state = state
  }
}
