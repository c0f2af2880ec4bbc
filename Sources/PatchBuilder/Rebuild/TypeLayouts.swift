internal import CElf
internal import Patch

/// What a file's types and variables are to those who find them in memory (libdw(3), DWARF 5, 4.1 and 5.7).
struct TypeLayouts {
  /// For each named type what it is; blocks of a function may each have one of the name.
  private var layouts: [String: [TypeLayout]] = [:]
  /// For each enumeration its constants; those of all that have no name are together, since constants are known by their own.
  private var enumerations: [String: [String: Int64]] = [:]
  /// For each variable that has a place its type, in words.
  private var variables: [String: String] = [:]
  /// For each place of a variable, or of a part of one, whose it is.
  private var owners: [UInt64: String] = [:]
  /// The variables that the compiler has numbered, by the name before the number, in their order.
  private var numbered: [String: [String]] = [:]

  /// Reads a linked file with debugging information; empty when it has none.
  init(path: String) {
    unsafe DebugInformation.forEachUnit(of: path) { unit in unsafe add(childrenOf: &unit, scope: "", depth: 0) }
    guard let symbols = try? ElfFile(path: path).symbols(.full) else { return }
    let named = symbols.filter { [.object, .threadLocal].contains($0.type) }
      .sorted { RelocatableObject.isBefore($0.name, $1.name) }
    for symbol in named {
      guard let name = RelocatableObject.staticLocal(symbol.name), let owner = owners[symbol.value] else { continue }
      numbered[name, default: []].append(owner)
    }
  }

  /// The first type or variable, by name, that both have and that is another one, and how; nil when there is none.
  func difference(to other: TypeLayouts) -> (type: String, how: String)? {
    for (name, layout) in layouts.sorted(by: { $0.key < $1.key }) {
      guard let now = other.layouts[name], now != layout else { continue }
      return (name, TypeLayout.difference(from: layout, to: now))
    }
    // Apart from the types: a variable may have the name of its type.
    for (name, type) in variables.sorted(by: { $0.key < $1.key }) {
      guard let now = other.variables[name], now != type else { continue }
      return (name, "\(type) before, \(now) now")
    }
    for (name, constants) in enumerations.sorted(by: { $0.key < $1.key }) {
      for (constant, value) in constants.sorted(by: { $0.key < $1.key }) {
        guard let now = other.enumerations[name]?[constant], now != value else { continue }
        return (name, "\(constant) was \(value), and is \(now)")
      }
    }
    for (name, owners) in numbered.sorted(by: { $0.key < $1.key }) {
      // That there is another number of them is for ``ObjectDifference`` to see.
      guard let now = other.numbered[name], now.count == owners.count, now != owners else { continue }
      return (name, "\(owners.joined(separator: ", ")) in this order before, \(now.joined(separator: ", ")) now")
    }
    return nil
  }

  private mutating func add(childrenOf parent: inout Dwarf_Die, scope: String, depth: Int) {
    guard depth < 64 else { return }
    unsafe DebugInformation.forEachChild(of: &parent) { child in
      let name = unsafe DebugInformation.name(of: &child)
      var inner = scope
      switch unsafe Int(dwarf_tag(&child)) {
      case Int(DW_TAG_enumeration_type): unsafe addType(&child, named: scope + (name ?? "enum"))
      case Int(DW_TAG_structure_type), Int(DW_TAG_union_type), Int(DW_TAG_class_type):
        if let name {
          unsafe addType(&child, named: scope + name)
          inner = scope + name + "::"
        }
      case Int(DW_TAG_typedef):
        // The only name that many types have.
        if let name, var type = unsafe DebugInformation.type(of: &child), unsafe DebugInformation.name(of: &type) == nil
        {
          unsafe addType(&type, named: scope + name)
        }
      case Int(DW_TAG_variable):
        if let name { unsafe addVariable(&child, named: scope + name) }
      case Int(DW_TAG_namespace): inner = scope + (name ?? "") + "::"
      // A function that is inlined has the variables that it has by itself.
      case Int(DW_TAG_subprogram), Int(DW_TAG_inlined_subroutine): inner = (name ?? "") + "()."
      default: break
      }
      unsafe add(childrenOf: &child, scope: inner, depth: depth + 1)
    }
  }

  private mutating func addType(_ type: inout Dwarf_Die, named name: String) {
    switch unsafe Int(dwarf_tag(&type)) {
    case Int(DW_TAG_enumeration_type):
      enumerations[name, default: [:]].merge(unsafe TypeDescription.constants(of: &type)) { $1 }
    case Int(DW_TAG_structure_type), Int(DW_TAG_union_type), Int(DW_TAG_class_type):
      guard unsafe dwarf_hasattr(&type, UInt32(DW_AT_declaration)) == 0 else { return }
      let layout = unsafe TypeDescription.layout(of: &type)
      if layouts[name]?.contains(layout) != true { layouts[name, default: []].append(layout) }
    default: break
    }
  }

  private mutating func addVariable(_ variable: inout Dwarf_Die, named name: String) {
    let places = unsafe TypeLayouts.places(of: &variable)
    guard !places.isEmpty else { return }
    let type = unsafe DebugInformation.type(of: &variable)
    // Nobody has changed a constant: for its content ``ObjectDifference`` sees.
    if unsafe !TypeDescription.isConstant(type) { variables[name] = unsafe TypeDescription.text(of: type) }
    for (part, place) in places { owners[place] = part == 0 ? name : "\(name) from byte \(part)" }
  }

  /// Where a variable, or each part that the compiler has made of it, lies; empty for what is in registers or on a stack.
  private static func places(of variable: inout Dwarf_Die) -> [(part: UInt64, place: UInt64)] {
    var attribute = unsafe Dwarf_Attribute()
    var steps: UnsafeMutablePointer<Dwarf_Op>?
    var count = 0
    // SAFETY: the dies belong to the handle that is open while `forEachUnit` runs, and so does the expression.
    guard unsafe dwarf_attr_integrate(&variable, UInt32(DW_AT_location), &attribute) != nil,
      unsafe dwarf_getlocation(&attribute, &steps, &count) == 0, let steps = unsafe steps
    else { return [] }
    var found: [(part: UInt64, place: UInt64)] = []
    var part: UInt64 = 0
    for index in 0..<count {
      let step = unsafe steps[index]
      switch Int(step.atom) {
      // A thread-local one has its offset as a constant.
      case Int(DW_OP_addr), Int(DW_OP_const8u), Int(DW_OP_const4u): found.append((part, step.number))
      case Int(DW_OP_addrx), Int(DW_OP_GNU_addr_index):
        var address = unsafe Dwarf_Attribute()
        var value: Dwarf_Addr = 0
        // SAFETY: as above.
        if unsafe dwarf_getlocation_attr(&attribute, steps + index, &address) == 0,
          unsafe dwarf_formaddr(&address, &value) == 0
        {
          found.append((part, value))
        }
      case Int(DW_OP_piece): part += step.number
      default: break
      }
    }
    return found
  }
}
