internal import CElf
internal import Glibc

/// The debugging information of objects (libdw(3), DWARF).
enum DebugInformation {
  /// Links objects, so that the references between their debugging sections are filled in; the path of the result.
  static func linked(_ objects: [String], to path: String) async throws(BuildRefused) -> String {
    var weak: [String] = []
    for (index, object) in objects.enumerated() {
      // The linker insists on hidden symbols unless they are weak.
      weak.append("\(path).\(index).o")
      _ = try await BuildTool.run("objcopy", ["--weaken", object, weak[index]])
    }
    _ = try await BuildTool.run("ld", ["--unresolved-symbols=ignore-all", "-e", "0", "-o", path] + weak)
    return path
  }

  /// The type of a variable, a member, or a type that is made of another one; nil where there is none (`void`).
  static func type(of die: inout Dwarf_Die) -> Dwarf_Die? {
    var attribute = unsafe Dwarf_Attribute()
    var type = unsafe Dwarf_Die()
    // SAFETY: the dies belong to the handle that is open while `forEachUnit` runs.
    guard unsafe dwarf_attr_integrate(&die, UInt32(DW_AT_type), &attribute) != nil,
      unsafe dwarf_formref_die(&attribute, &type) != nil
    else { return nil }
    return unsafe type
  }

  /// A number that a die gives; nil where it gives none.
  static func number(_ name: some BinaryInteger, of die: inout Dwarf_Die) -> UInt64? {
    var attribute = unsafe Dwarf_Attribute()
    var value: Dwarf_Word = 0
    // SAFETY: as above.
    guard unsafe dwarf_attr_integrate(&die, UInt32(name), &attribute) != nil,
      unsafe dwarf_formudata(&attribute, &value) == 0
    else { return nil }
    return value
  }

  static func name(of die: inout Dwarf_Die) -> String? {
    // SAFETY: as above; the text is copied at once.
    unsafe dwarf_diename(&die).map { unsafe String(cString: $0) }
  }

  /// Hands out the die of each unit of a linked file; of none where the file has no such information.
  static func forEachUnit(of path: String, _ body: (inout Dwarf_Die) -> Void) {
    // SAFETY: C gets the string for the time of the call; the handle is ended before the descriptor is closed, and no die
    // outlives it.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard let dwarf = unsafe dwarf_begin(descriptor, DWARF_C_READ) else { return }
    defer { unsafe dwarf_end(dwarf) }
    var offset: Dwarf_Off = 0
    var next: Dwarf_Off = 0
    var headerSize = 0
    while unsafe dwarf_nextcu(dwarf, offset, &next, &headerSize, nil, nil, nil) == 0 {
      var unit = unsafe Dwarf_Die()
      if unsafe dwarf_offdie(dwarf, offset + Dwarf_Off(headerSize), &unit) != nil { unsafe body(&unit) }
      offset = next
    }
  }

  /// Hands out the dies right below one.
  static func forEachChild(of die: inout Dwarf_Die, _ body: (inout Dwarf_Die) -> Void) {
    var child = unsafe Dwarf_Die()
    // SAFETY: the dies belong to the handle that is open while `forEachUnit` runs; the copy is read while the other is written.
    guard unsafe dwarf_child(&die, &child) == 0 else { return }
    var current = unsafe child
    repeat {
      unsafe body(&child)
      unsafe current = child
    } while unsafe dwarf_siblingof(&current, &child) == 0
  }
}
