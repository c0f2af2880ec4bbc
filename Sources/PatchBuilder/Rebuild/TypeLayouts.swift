internal import CElf

/// Where the members of a file's structures and unions lie (libdw(3), DWARF 5, 5.7).
struct TypeLayouts {
  /// For each named type its size and its members with their places, in words.
  private var layouts: [String: String] = [:]

  /// Reads a linked file with debugging information; empty when it has none.
  init(path: String) {
    unsafe DebugInformation.forEachUnit(of: path) { unit in unsafe addTypes(in: &unit, depth: 0) }
  }

  /// The first type, by name, that both have and that is laid out differently, and how; nil when there is none.
  func difference(to other: TypeLayouts) -> (type: String, how: String)? {
    for (name, layout) in layouts.sorted(by: { $0.key < $1.key }) {
      guard let now = other.layouts[name], now != layout else { continue }
      return (name, "\(layout) before, \(now) now")
    }
    return nil
  }

  private mutating func addTypes(in parent: inout Dwarf_Die, depth: Int) {
    guard depth < 64 else { return }
    unsafe DebugInformation.forEachChild(of: &parent) { child in
      let tag = unsafe Int(dwarf_tag(&child))
      if [Int(DW_TAG_structure_type), Int(DW_TAG_union_type), Int(DW_TAG_class_type)].contains(tag),
        let name = unsafe dwarf_diename(&child), unsafe dwarf_hasattr(&child, UInt32(DW_AT_declaration)) == 0
      {
        let text = unsafe "\(dwarf_bytesize(&child)) bytes with \(TypeLayouts.members(of: &child))"
        layouts[unsafe String(cString: name), default: ""] += text
      }
      unsafe addTypes(in: &child, depth: depth + 1)
    }
  }

  private static func members(of type: inout Dwarf_Die) -> String {
    var found: [String] = []
    unsafe DebugInformation.forEachChild(of: &type) { child in
      guard unsafe Int(dwarf_tag(&child)) == Int(DW_TAG_member) else { return }
      let name = unsafe dwarf_diename(&child).map { unsafe String(cString: $0) } ?? "(unnamed)"
      var place = unsafe "\(number(DW_AT_data_member_location, of: &child) ?? 0)"
      if let bit = unsafe number(DW_AT_data_bit_offset, of: &child) { place = "bit \(bit)" }
      if let size = unsafe number(DW_AT_bit_size, of: &child) { place += ":\(size)" }
      found.append("\(name) at \(place)")
    }
    return found.isEmpty ? "no members" : found.joined(separator: ", ")
  }

  private static func number(_ name: some BinaryInteger, of die: inout Dwarf_Die) -> UInt64? {
    var attribute = unsafe Dwarf_Attribute()
    var value: Dwarf_Word = 0
    // SAFETY: the dies belong to the handle that is open while `forEachUnit` runs.
    guard unsafe dwarf_attr(&die, UInt32(name), &attribute) != nil, unsafe dwarf_formudata(&attribute, &value) == 0
    else {
      return nil
    }
    return value
  }
}
