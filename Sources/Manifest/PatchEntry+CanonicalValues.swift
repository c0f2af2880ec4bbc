extension PatchEntry {
  /// The `values:` of the entry as JSON in one fixed form, in UTF-8, to take the patch's identity from; nil for an artifact.
  ///
  /// Keys are sorted, there is no space, the changes are sorted by symbol (by bytes), offset and type, and what is
  /// written or expected stands as the hexadecimal digits of the bytes in memory. So neither the order in a manifest nor
  /// another spelling of a number makes another patch. The name and the state are no part of it. See docs/manifest.md.
  package var canonicalValues: [UInt8]? {
    guard case .values(let changes) = content else { return nil }
    let sorted = changes.sorted { a, b in
      if a.symbol != b.symbol { return a.symbol.utf8.lexicographicallyPrecedes(b.symbol.utf8) }
      if a.offset != b.offset { return a.offset < b.offset }
      return a.type.rawValue < b.type.rawValue
    }
    let objects = sorted.map { change in
      var members: [(String, JSONText)] = []
      if let expect = change.expect { members.append(("expect", .string(hexadecimal(expect)))) }
      members.append(("offset", .number(String(change.offset))))
      members.append(("set", .string(hexadecimal(change.set))))
      members.append(("symbol", .string(change.symbol)))
      members.append(("type", .string(change.type.rawValue)))
      return JSONText.object(members)
    }
    return Array(JSONText.object([("values", .array(objects))]).compact.utf8)
  }
}

/// Two lower-case digits for each byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
