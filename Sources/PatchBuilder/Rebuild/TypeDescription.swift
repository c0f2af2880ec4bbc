internal import CElf

/// Types in words that are the same for types whose values can be read as one another.
///
/// Enumerations, and structures and unions with names, stand for themselves: ``TypeLayouts`` compares what they are. A sign makes no
/// difference: every bit pattern is a value with it and without it.
enum TypeDescription {
  /// What a type's values are.
  ///
  /// `type`: nil for `void`.
  static func text(of type: Dwarf_Die?, depth: Int = 0) -> String {
    guard var type = unsafe type else { return "void" }
    guard depth < 32 else { return "a type" }
    let tag = unsafe Int(dwarf_tag(&type))
    let size = unsafe max(0, dwarf_bytesize(&type))
    switch tag {
    case Int(DW_TAG_typedef), Int(DW_TAG_const_type), Int(DW_TAG_volatile_type), Int(DW_TAG_restrict_type),
      Int(DW_TAG_atomic_type):
      return unsafe text(of: DebugInformation.type(of: &type), depth: depth + 1)
    case Int(DW_TAG_base_type):
      switch unsafe DebugInformation.number(DW_AT_encoding, of: &type).map({ Int($0) }) {
      case Int(DW_ATE_signed), Int(DW_ATE_unsigned), Int(DW_ATE_signed_char), Int(DW_ATE_unsigned_char),
        Int(DW_ATE_UTF):
        return "integer of \(size)"
      case Int(DW_ATE_boolean): return "boolean"
      default: return unsafe DebugInformation.name(of: &type) ?? "number of \(size)"
      }
    case Int(DW_TAG_pointer_type), Int(DW_TAG_reference_type), Int(DW_TAG_rvalue_reference_type):
      return unsafe "pointer to \(text(of: DebugInformation.type(of: &type), depth: depth + 1))"
    case Int(DW_TAG_array_type):
      let element = unsafe text(of: DebugInformation.type(of: &type), depth: depth + 1)
      return unsafe element + counts(of: &type)
    case Int(DW_TAG_structure_type), Int(DW_TAG_class_type), Int(DW_TAG_union_type):
      let kind = tag == Int(DW_TAG_union_type) ? "union" : "struct"
      if let name = unsafe DebugInformation.name(of: &type) { return "\(kind) \(name)" }
      return unsafe layout(of: &type, depth: depth + 1).text
    case Int(DW_TAG_enumeration_type): return "integer of \(size)"
    case Int(DW_TAG_subroutine_type): return "function"
    default: return unsafe DebugInformation.name(of: &type) ?? "type of \(size)"
    }
  }

  /// Whether values of a type, or the elements of an array, cannot be written to.
  static func isConstant(_ type: Dwarf_Die?, depth: Int = 0) -> Bool {
    guard var type = unsafe type, depth < 32 else { return false }
    switch unsafe Int(dwarf_tag(&type)) {
    case Int(DW_TAG_const_type): return true
    case Int(DW_TAG_array_type), Int(DW_TAG_typedef), Int(DW_TAG_volatile_type):
      return unsafe isConstant(DebugInformation.type(of: &type), depth: depth + 1)
    default: return false
    }
  }

  /// Where a structure's or union's members lie, and what they are.
  static func layout(of type: inout Dwarf_Die, depth: Int = 0) -> TypeLayout {
    var members: [String] = []
    unsafe DebugInformation.forEachChild(of: &type) { child in
      let isBase = unsafe Int(dwarf_tag(&child)) == Int(DW_TAG_inheritance)
      guard unsafe Int(dwarf_tag(&child)) == Int(DW_TAG_member) || isBase else { return }
      // A static member of a class is a variable.
      if unsafe dwarf_hasattr(&child, UInt32(DW_AT_external)) != 0 { return }
      let name = unsafe isBase ? "(base)" : DebugInformation.name(of: &child) ?? "(unnamed)"
      var place = unsafe "\(DebugInformation.number(DW_AT_data_member_location, of: &child) ?? 0)"
      if let bit = unsafe DebugInformation.number(DW_AT_data_bit_offset, of: &child) { place = "bit \(bit)" }
      // As DWARF 3 has it.
      if let bit = unsafe DebugInformation.number(DW_AT_bit_offset, of: &child) { place += " bit \(bit)" }
      if let size = unsafe DebugInformation.number(DW_AT_bit_size, of: &child) { place += ":\(size)" }
      let type = unsafe text(of: DebugInformation.type(of: &child), depth: depth + 1)
      members.append("\(name) (\(type)) at \(place)")
    }
    let kind = unsafe Int(dwarf_tag(&type)) == Int(DW_TAG_union_type) ? "union of " : ""
    var size = unsafe "\(dwarf_bytesize(&type)) bytes"
    if let alignment = unsafe DebugInformation.number(DW_AT_alignment, of: &type) {
      size += " at multiples of \(alignment)"
    }
    return TypeLayout(size: kind + size, members: members)
  }

  /// The numbers of an enumeration's constants.
  static func constants(of type: inout Dwarf_Die) -> [String: Int64] {
    var found: [String: Int64] = [:]
    unsafe DebugInformation.forEachChild(of: &type) { child in
      var attribute = unsafe Dwarf_Attribute()
      var value: Dwarf_Sword = 0
      // SAFETY: the dies belong to the handle that is open while `forEachUnit` runs.
      guard let name = unsafe DebugInformation.name(of: &child),
        unsafe dwarf_attr(&child, UInt32(DW_AT_const_value), &attribute) != nil,
        unsafe dwarf_formsdata(&attribute, &value) == 0
      else { return }
      found[name] = value
    }
    return found
  }

  private static func counts(of array: inout Dwarf_Die) -> String {
    var text = ""
    unsafe DebugInformation.forEachChild(of: &array) { child in
      guard unsafe Int(dwarf_tag(&child)) == Int(DW_TAG_subrange_type) else { return }
      let last = unsafe DebugInformation.number(DW_AT_upper_bound, of: &child)
      let count = unsafe DebugInformation.number(DW_AT_count, of: &child) ?? last.map { $0 &+ 1 }
      text += "[\(count.map { "\($0)" } ?? "")]"
    }
    return text
  }
}
