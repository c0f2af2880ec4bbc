/// An address as the link editor assigned it, in the ELF file's own address space (`st_value`, `p_vaddr`).
package struct LinkAddress: Hashable, Comparable, Sendable {
  package let value: UInt64
  package init(_ value: UInt64) { self.value = value }
  package static func < (a: LinkAddress, b: LinkAddress) -> Bool { a.value < b.value }

  /// Where this address lies in a process that mapped the file with a load bias; nil when the sum overflows.
  ///
  /// `bias`: what the dynamic linker added to every link-time address (`l_addr`); 0 for a fixed executable.
  package func loaded(bias: UInt64) -> RemoteAddress? {
    let (sum, overflow) = value.addingReportingOverflow(bias)
    return overflow ? nil : RemoteAddress(sum)
  }
}

/// An address in the memory of a target process.
package struct RemoteAddress: Hashable, Comparable, Sendable {
  package let value: UInt64
  package init(_ value: UInt64) { self.value = value }
  package static func < (a: RemoteAddress, b: RemoteAddress) -> Bool { a.value < b.value }

  /// The address some bytes further; nil when it overflows.
  package func advanced(by bytes: UInt64) -> RemoteAddress? {
    let (sum, overflow) = value.addingReportingOverflow(bytes)
    return overflow ? nil : RemoteAddress(sum)
  }
}

extension LinkAddress: CustomStringConvertible {
  /// `0x` and lower-case hexadecimal digits.
  package var description: String { "0x" + String(value, radix: 16) }
}

extension RemoteAddress: CustomStringConvertible {
  /// `0x` and lower-case hexadecimal digits.
  package var description: String { "0x" + String(value, radix: 16) }
}

extension LinkAddress: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an address such as 0x1f40")
    }
    self.init(value)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension RemoteAddress: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(UInt64.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}
