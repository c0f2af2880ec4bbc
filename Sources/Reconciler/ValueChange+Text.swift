internal import Manifest
internal import Patch

extension ValueChange {
  /// `+2504 (int32) 2 -> 0`, without the old value where none is expected.
  var planText: String {
    let old = expect.map { text(of: $0) + " " } ?? ""
    return "+\(offset) (\(type.rawValue)) \(old)-> \(text(of: set))"
  }

  private func text(of bytes: [UInt8]) -> String {
    let bits = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return switch type {
    case .int8: String(Int8(truncatingIfNeeded: bits))
    case .int16: String(Int16(truncatingIfNeeded: bits))
    case .int32: String(Int32(truncatingIfNeeded: bits))
    case .int64: String(Int64(truncatingIfNeeded: bits))
    case .uint8, .uint16, .uint32, .uint64: String(bits)
    case .float: String(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .double: String(Double(bitPattern: bits))
    case .bool: bits == 0 ? "false" : "true"
    case .bytes: bytes.hexadecimal
    }
  }
}
