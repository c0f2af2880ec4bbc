/// The six arithmetic flags of RFLAGS, which the gate's `testb` changes.
struct StatusFlags: OptionSet, Hashable, Sendable {
  let rawValue: UInt8

  static let carry = StatusFlags(rawValue: 1)
  static let parity = StatusFlags(rawValue: 2)
  static let adjust = StatusFlags(rawValue: 4)
  static let zero = StatusFlags(rawValue: 8)
  static let sign = StatusFlags(rawValue: 16)
  static let overflow = StatusFlags(rawValue: 32)
  static let all = StatusFlags(rawValue: 63)
}
