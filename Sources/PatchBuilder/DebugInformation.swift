internal import CElf
internal import Glibc
internal import Patch

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

  /// What a linked file says of its functions, by name.
  ///
  /// `body`: what is said of one; nil for nothing.
  static func functions<Fact>(of path: String, _ body: (inout Dwarf_Die) -> Fact?) -> [String: Fact] {
    var found: [String: Fact] = [:]
    var byPlace: [UInt64: Fact] = [:]
    unsafe forEachUnit(of: path) { unit in
      unsafe forEachFunction(below: &unit, depth: 0) { function in
        // As the symbol table has the name, where that is another one.
        guard unsafe dwarf_hasattr(&function, UInt32(DW_AT_declaration)) == 0,
          let name = unsafe linkageName(of: &function) ?? name(of: &function), let fact = unsafe body(&function)
        else { return }
        var place: Dwarf_Addr = 0
        if unsafe dwarf_lowpc(&function, &place) == 0 { byPlace[place] = fact }
        found[name] = fact
      }
    }
    // A constructor has several names, and this information one of them. What the compiler has made of a function for some of its
    // callers is another function: of `NAME.constprop.0` it is known that it takes some of the same arguments.
    for symbol in (try? ElfFile(path: path).symbols(.full)) ?? [] where symbol.type == .function {
      if let end = symbol.name.firstRange(of: /\.constprop\.[0-9]+$/)?.lowerBound {
        found[symbol.name] = found[String(symbol.name[..<end])]
      } else if found[symbol.name] == nil, !symbol.name.contains(".") {
        found[symbol.name] = byPlace[symbol.value]
      }
    }
    return found
  }

  /// Hands out the functions of a unit, those of namespaces, classes and other functions among them.
  private static func forEachFunction(
    below parent: inout Dwarf_Die, depth: Int, _ body: (inout Dwarf_Die) -> Void
  ) {
    guard depth < 64 else { return }
    unsafe forEachChild(of: &parent) { child in
      switch unsafe Int(dwarf_tag(&child)) {
      case Int(DW_TAG_subprogram):
        unsafe body(&child)
        unsafe forEachFunction(below: &child, depth: depth + 1, body)
      case Int(DW_TAG_namespace), Int(DW_TAG_lexical_block), Int(DW_TAG_structure_type), Int(DW_TAG_class_type),
        Int(DW_TAG_union_type):
        unsafe forEachFunction(below: &child, depth: depth + 1, body)
      default: break
      }
    }
  }

  private static func linkageName(of function: inout Dwarf_Die) -> String? {
    var attribute = unsafe Dwarf_Attribute()
    // SAFETY: the dies belong to the handle that `forEachUnit` keeps open; the text is copied at once.
    guard unsafe dwarf_attr_integrate(&function, UInt32(DW_AT_linkage_name), &attribute) != nil else { return nil }
    return unsafe dwarf_formstring(&attribute).map { unsafe String(cString: $0) }
  }
}
