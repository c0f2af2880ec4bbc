/// The types of a value: `int8` to `uint64`, `float`, `double`, `bool`, `bytes`.
package enum ValueType: String, CaseIterable, Sendable {
  case int8, int16, int32, int64, uint8, uint16, uint32, uint64, float, double, bool, bytes

  /// The size in bytes; nil for `bytes`, which are as many as are written.
  package var size: Int? {
    switch self {
    case .int8, .uint8, .bool: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float: 4
    case .int64, .uint64, .double: 8
    case .bytes: nil
    }
  }
}
