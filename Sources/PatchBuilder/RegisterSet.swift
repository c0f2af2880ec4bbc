/// Registers that a called function may change by the psABI (3.2.1): a set of them.
///
/// The wide parts of vector registers, mask and MMX registers have no names of their own here: ``wide`` stands for all of them.
struct RegisterSet: OptionSet, Hashable, Sendable {
  let rawValue: UInt32

  static let rax = RegisterSet(rawValue: 1 << 0)
  static let rcx = RegisterSet(rawValue: 1 << 1)
  static let rdx = RegisterSet(rawValue: 1 << 2)
  static let rsi = RegisterSet(rawValue: 1 << 3)
  static let rdi = RegisterSet(rawValue: 1 << 4)
  static let r8 = RegisterSet(rawValue: 1 << 5)
  static let r9 = RegisterSet(rawValue: 1 << 6)
  static let r10 = RegisterSet(rawValue: 1 << 7)
  static let r11 = RegisterSet(rawValue: 1 << 8)
  /// Anything beyond the general and the SSE registers: ymm, zmm, xmm16 and above, mask and MMX registers.
  static let wide = RegisterSet(rawValue: 1 << 9)
  static func xmm(_ number: Int) -> RegisterSet { RegisterSet(rawValue: 1 << UInt32(16 + number)) }

  /// The general ones, in the order of their bits.
  static let generalNames = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"]
  /// All general and SSE registers that a function may change.
  static let callerSaved = RegisterSet(rawValue: 0xffff_01ff)

  /// The names of the general registers in the set.
  var general: [String] {
    RegisterSet.generalNames.indices.filter { contains(RegisterSet(rawValue: 1 << UInt32($0))) }
      .map { RegisterSet.generalNames[$0] }
  }

  /// The numbers of the SSE registers in the set.
  var vectors: [Int] { (0..<16).filter { contains(.xmm($0)) } }

  /// The names of all registers in the set.
  var names: [String] { general + vectors.map { "xmm\($0)" } + (contains(.wide) ? ["wide registers"] : []) }
}
