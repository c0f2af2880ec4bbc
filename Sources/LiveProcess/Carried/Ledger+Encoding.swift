internal import Patch

// The header, little-endian, 80 bytes. Only the state and the time of activation change once it is mapped.
//    0  magic[8]            16  state: u32         32  digest[32]: SHA-256 of the body
//    8  version: u32        20  zero: u32          64  size of the body: u32
//   12  total size: u32     24  activatedAt: i64   68  size of the originals: u32      72  zero: u64
// The body follows, then, one after the other, the original bytes of the values.
extension Ledger {
  package static let headerSize = 80
  package static let stateOffset = 16
  package static let activatedAtOffset = 24
  package static let digestOffset = 32
  package static let maximumText = 4096
  package static let maximumPlaces = 65536
  package static let maximumValueSize = 65536
  /// User space on x86-64 with four-level page tables ends here; five levels are asked for, never given unasked.
  package static let addressLimit: UInt64 = 1 << 47

  /// The ledger as it stands in memory.
  package func encoded() -> [UInt8] {
    let body = encodedBody()
    let originals = values.flatMap(\.original)
    var header = LedgerWriter()
    header.bytes = Ledger.magic
    header.integer(version)
    header.integer(UInt32(truncatingIfNeeded: Ledger.headerSize + body.count + originals.count))
    header.integer(state.rawValue)
    header.integer(UInt32(0))
    header.integer(activatedAt ?? 0)
    header.bytes += SHA256Digest(of: body).bytes
    header.integer(UInt32(truncatingIfNeeded: body.count))
    header.integer(UInt32(truncatingIfNeeded: originals.count))
    header.integer(UInt64(0))
    return header.bytes + body + originals
  }

  /// Where in the ledger the original bytes of a value stand, in bytes from its start.
  package func originalOffset(ofValue index: Int) -> Int {
    Ledger.headerSize + encodedBody().count + values[..<index].reduce(0) { $0 + $1.original.count }
  }

  private func encodedBody() -> [UInt8] {
    var writer = LedgerWriter()
    writer.bytes += id.bytes
    writer.integer(UInt32(truncatingIfNeeded: bit))
    writer.text(name)
    writer.flag(description != nil)
    if let description { writer.text(description) }
    writer.integer(UInt32(truncatingIfNeeded: fixes.count))
    for fix in fixes { writer.text(fix) }
    writer.blob(buildID.bytes)
    writer.integer(loadBias)
    writer.address(base)
    writer.address(stateWord)
    writer.flag(unwind != nil)
    if let unwind { writer.range(unwind) }
    if version >= 3 {
      writer.flag(registration != nil)
      if let registration {
        writer.address(registration.register)
        writer.address(registration.deregister)
        writer.range(registration.state)
      }
    }
    writer.integer(UInt32(truncatingIfNeeded: parts.count))
    for part in parts { part.encode(to: &writer) }
    writer.integer(UInt32(truncatingIfNeeded: functions.count))
    for function in functions { function.encode(to: &writer, version: version) }
    writer.integer(UInt32(truncatingIfNeeded: values.count))
    for value in values { value.encode(to: &writer) }
    return writer.bytes
  }
}

extension Ledger.Part {
  fileprivate func encode(to writer: inout LedgerWriter) {
    writer.integer(offset)
    writer.integer(size)
    writer.integer(protection.rawValue)
    writer.flag(digest != nil)
    if let digest { writer.bytes += digest.bytes }
  }
}

extension Ledger.Function {
  fileprivate func encode(to writer: inout LedgerWriter, version: UInt32) {
    writer.text(symbol)
    writer.range(range)
    writer.address(place)
    writer.blob(original)
    writer.blob(direct)
    writer.address(replacement)
    if version >= 2 {
      writer.integer(UInt32(truncatingIfNeeded: parts.count))
      for part in parts { writer.range(part) }
    }
    writer.flag(gate != nil)
    guard let gate else { return }
    writer.blob(gate.branch)
    writer.range(gate.range)
    writer.address(gate.elseSlot)
    writer.address(gate.moved)
    writer.flag(gate.branchesToEntry)
    writer.integer(UInt32(truncatingIfNeeded: gate.instructions.count))
    for instruction in gate.instructions {
      writer.address(instruction.original)
      writer.address(instruction.moved)
    }
  }
}

extension Ledger.Value {
  fileprivate func encode(to writer: inout LedgerWriter) {
    writer.text(symbol)
    writer.address(address)
    writer.blob(new)
    writer.flag(expect != nil)
    if let expect { writer.blob(expect) }
  }
}
