/// A new value for (a part of) a variable.
package struct ValueChange: Equatable, Sendable {
  /// The variable's symbol.
  package var symbol: String
  /// In bytes from the symbol.
  package var offset: UInt64
  /// How the bytes are to be read.
  package var type: ValueType
  /// The bytes that the place must hold before, in the target's byte order; nil for whatever it holds.
  package var expect: [UInt8]?
  /// The bytes to write, in the target's byte order; as many as the type has.
  package var set: [UInt8]
  /// Where the change begins.
  package var declaredAt: SourceRange

  /// Makes a change; nothing is checked.
  package init(
    symbol: String, offset: UInt64 = 0, type: ValueType, expect: [UInt8]? = nil, set: [UInt8], declaredAt: SourceRange
  ) {
    self.symbol = symbol
    self.offset = offset
    self.type = type
    self.expect = expect
    self.set = set
    self.declaredAt = declaredAt
  }
}
