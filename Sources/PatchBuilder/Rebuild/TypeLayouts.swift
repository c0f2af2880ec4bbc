internal import CElf
internal import Glibc

/// Where the members of a file's structures and unions lie (libdw(3), DWARF 5, 5.7).
struct TypeLayouts: Equatable {
  /// For each named type its size and its members with their places, in words.
  private var layouts: [String: String] = [:]

  /// Reads a linked file with debugging information; empty when it has none.
  init(path: String) {
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
      if unsafe dwarf_offdie(dwarf, offset + Dwarf_Off(headerSize), &unit) != nil {
        unsafe addTypes(in: &unit, depth: 0)
      }
      offset = next
    }
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
    var child = unsafe Dwarf_Die()
    // SAFETY: the dies belong to the handle that the caller keeps open.
    guard depth < 64, unsafe dwarf_child(&parent, &child) == 0 else { return }
    repeat {
      let tag = unsafe Int(dwarf_tag(&child))
      if [Int(DW_TAG_structure_type), Int(DW_TAG_union_type), Int(DW_TAG_class_type)].contains(tag),
        let name = unsafe dwarf_diename(&child), unsafe dwarf_hasattr(&child, UInt32(DW_AT_declaration)) == 0
      {
        let text = unsafe "\(dwarf_bytesize(&child)) bytes with \(TypeLayouts.members(of: &child))"
        layouts[unsafe String(cString: name), default: ""] += text
      }
      unsafe addTypes(in: &child, depth: depth + 1)
    } while unsafe TypeLayouts.advance(&child)
  }

  private static func members(of type: inout Dwarf_Die) -> String {
    var child = unsafe Dwarf_Die()
    // SAFETY: as above.
    guard unsafe dwarf_child(&type, &child) == 0 else { return "no members" }
    var found: [String] = []
    repeat {
      guard unsafe Int(dwarf_tag(&child)) == Int(DW_TAG_member) else { continue }
      let name = unsafe dwarf_diename(&child).map { unsafe String(cString: $0) } ?? "(unnamed)"
      var place = unsafe "\(number(DW_AT_data_member_location, of: &child) ?? 0)"
      if let bit = unsafe number(DW_AT_data_bit_offset, of: &child) { place = "bit \(bit)" }
      if let size = unsafe number(DW_AT_bit_size, of: &child) { place += ":\(size)" }
      found.append("\(name) at \(place)")
    } while unsafe advance(&child)
    return found.joined(separator: ", ")
  }

  private static func number(_ name: some BinaryInteger, of die: inout Dwarf_Die) -> UInt64? {
    var attribute = unsafe Dwarf_Attribute()
    var value: Dwarf_Word = 0
    // SAFETY: as above.
    guard unsafe dwarf_attr(&die, UInt32(name), &attribute) != nil, unsafe dwarf_formudata(&attribute, &value) == 0
    else {
      return nil
    }
    return value
  }

  private static func advance(_ die: inout Dwarf_Die) -> Bool {
    // SAFETY: as above; the copy is read while the other is written.
    var current = unsafe die
    return unsafe dwarf_siblingof(&current, &die) == 0
  }
}
