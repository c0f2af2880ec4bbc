internal import CElf
internal import Glibc
internal import Patch

/// What the debugging information of a compiled function says of its arguments and its result.
struct FunctionSignature: Equatable, Sendable {
  /// Why arguments may lie on the stack; nil when all are in registers.
  var stackArguments: String?
  /// The registers that may hold the result.
  var results: RegisterSet

  /// What is assumed of a function that nothing is known of.
  static let unknown = FunctionSignature(
    stackArguments: "its arguments are unknown", results: [.rax, .rdx, .xmm(0), .xmm(1)])

  /// The signatures of all functions in objects with debugging information, by name.
  ///
  /// `folder`: where files may be put.
  static func read(objects: [String], in folder: String) async throws(BuildRefused) -> [String: FunctionSignature] {
    read(path: try await DebugInformation.linked(objects, to: "\(folder)/debug"))
  }

  /// The signatures of all functions in a linked file with debugging information, by name (libdw(3), DWARF 4).
  static func read(path: String) -> [String: FunctionSignature] {
    unsafe DebugInformation.functions(of: path) { function in unsafe FunctionSignature(of: &function) }
  }

  private init(stackArguments: String?, results: RegisterSet) {
    self.stackArguments = stackArguments
    self.results = results
  }

  private init(of function: inout Dwarf_Die) {
    var integers = 0
    var vectors = 0
    stackArguments = nil
    switch unsafe FunctionSignature.passing(of: &function) {
    case .nothing: results = []
    case .integer: results = .rax
    case .vector: results = .xmm(0)
    case .other:
      // In two registers, or in memory whose address is an argument and comes back in rax (psABI 3.2.3).
      results = [.rax, .rdx, .xmm(0), .xmm(1)]
      integers += 1
    }
    unsafe DebugInformation.forEachChild(of: &function) { child in
      switch unsafe Int(dwarf_tag(&child)) {
      case Int(DW_TAG_unspecified_parameters): stackArguments = "it takes a variable number of arguments"
      case Int(DW_TAG_formal_parameter):
        switch unsafe FunctionSignature.passing(of: &child) {
        case .integer: integers += 1
        case .vector: vectors += 1
        case .nothing, .other: stackArguments = "it takes a structure or another large value"
        }
      default: break
      }
    }
    if integers > 6 || vectors > 8 { stackArguments = "it takes more arguments than registers hold" }
  }

  private enum Passing { case nothing, integer, vector, other }

  /// How a value of a die's type is passed: classes INTEGER and SSE of at most eight bytes are told apart from all others.
  private static func passing(of die: inout Dwarf_Die) -> Passing {
    var attribute = unsafe Dwarf_Attribute()
    var type = unsafe Dwarf_Die()
    var bare = unsafe Dwarf_Die()
    // SAFETY: the dies belong to the handle that the caller keeps open.
    guard unsafe dwarf_attr_integrate(&die, UInt32(DW_AT_type), &attribute) != nil else { return .nothing }
    guard unsafe dwarf_formref_die(&attribute, &type) != nil, unsafe dwarf_peel_type(&type, &bare) == 0 else {
      return .other
    }
    switch unsafe Int(dwarf_tag(&bare)) {
    case Int(DW_TAG_pointer_type), Int(DW_TAG_reference_type), Int(DW_TAG_rvalue_reference_type),
      Int(DW_TAG_enumeration_type):
      return .integer
    case Int(DW_TAG_base_type):
      var encoding: Dwarf_Word = 0
      guard unsafe dwarf_bytesize(&bare) <= 8, unsafe dwarf_attr(&bare, UInt32(DW_AT_encoding), &attribute) != nil,
        unsafe dwarf_formudata(&attribute, &encoding) == 0
      else { return .other }
      switch Int(truncatingIfNeeded: encoding) {
      case Int(DW_ATE_float): return .vector
      case Int(DW_ATE_boolean), Int(DW_ATE_signed), Int(DW_ATE_signed_char), Int(DW_ATE_unsigned),
        Int(DW_ATE_unsigned_char),
        Int(DW_ATE_UTF):
        return .integer
      default: return .other
      }
    default: return .other
    }
  }
}
