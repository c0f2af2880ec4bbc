/// Replaces the code sequences that ask the dynamic linker for a thread-local variable by those that know its offset from the thread
/// pointer, as a link editor does for an executable ("ELF Handling For Thread-Local Storage", 5.5; psABI 11.1.2 for descriptors).
struct X86_64ThreadLocal {
  private let section: X86_64SectionLinker
  /// Where the section begins in the image, and its size.
  private let start: Int
  private let size: Int
  /// The relocation at an offset of the section, for those of `__tls_get_addr`.
  private let getterCalls: [UInt64: Int]

  init(_ section: X86_64SectionLinker) {
    self.section = section
    start = Int(section.plan.sections[section.section])
    size = section.object.sections[section.section].content.count
    var calls: [UInt64: Int] = [:]
    for (index, relocation) in section.object.sections[section.section].relocations.enumerated() {
      if let symbol = relocation.symbol, section.object.symbols[symbol].definition == .threadLocalGetter {
        calls[relocation.offset] = index
      }
    }
    getterCalls = calls
  }

  /// Rewrites the sequences.
  ///
  /// - Returns: the relocations that are thereby done, by index.
  func replace(_ relocations: [PatchRelocation], in bytes: inout [UInt8]) throws(LinkRefused) -> Set<Int> {
    var done: Set<Int> = []
    for (index, relocation) in relocations.enumerated() {
      switch relocation.type {
      case .tlsgd: done.insert(try replaceGeneral(relocation, &bytes))
      case .tlsld: done.insert(try replaceLocal(relocation, &bytes))
      case .gotpc32TLSDescriptor: try replaceDescriptor(relocation, &bytes)
      case .tlsDescriptorCall:
        // call *(%rax) becomes a two-byte nop: %rax holds the offset already.
        try rewrite(relocation, at: 0, [0xff, 0x10], [0x66, 0x90], &bytes)
      default: continue
      }
      done.insert(index)
    }
    return done
  }

  /// `data16 lea x@tlsgd(%rip),%rdi; data16 data16 rex.W call __tls_get_addr` becomes
  /// `mov %fs:0,%rax; lea x@tpoff(%rax),%rax`.
  private func replaceGeneral(_ relocation: PatchRelocation, _ bytes: inout [UInt8]) throws(LinkRefused) -> Int {
    let value = try offset32(relocation, addend: relocation.addend &+ 4)
    let new = [0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0x48, 0x8d, 0x80] + value
    try expect(relocation, at: -4, [0x66, 0x48, 0x8d, 0x3d], bytes)
    let call = try getterCall(relocation, at: 8)
    let opcode = read(relocation, at: 4, count: 4, bytes)
    // The direct call, and the one through the offset table that -fno-plt makes.
    guard opcode == [0x66, 0x66, 0x48, 0xe8] || opcode == [0x66, 0x48, 0xff, 0x15] else {
      throw section.refused(relocation, .unknownSequence(bytes: opcode))
    }
    try write(relocation, at: -4, new, &bytes)
    return call
  }

  /// `lea x@tlsld(%rip),%rdi; call __tls_get_addr` becomes `mov %fs:0,%rax`, with prefixes to fill the room.
  private func replaceLocal(_ relocation: PatchRelocation, _ bytes: inout [UInt8]) throws(LinkRefused) -> Int {
    _ = try section.threadOffset(relocation)
    try expect(relocation, at: -3, [0x48, 0x8d, 0x3d], bytes)
    let load: [UInt8] = [0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0]
    let opcode = read(relocation, at: 4, count: 2, bytes)
    switch opcode.first {
    case 0xe8:
      let call = try getterCall(relocation, at: 5)
      try write(relocation, at: -3, [0x66, 0x66, 0x66] + load, &bytes)
      return call
    case 0xff where opcode == [0xff, 0x15]:
      let call = try getterCall(relocation, at: 6)
      try write(relocation, at: -3, [0x66, 0x66, 0x66, 0x66] + load, &bytes)
      return call
    default: throw section.refused(relocation, .unknownSequence(bytes: opcode))
    }
  }

  /// `lea x@tlsdesc(%rip),%rax` becomes `mov $x@tpoff,%rax`.
  private func replaceDescriptor(_ relocation: PatchRelocation, _ bytes: inout [UInt8]) throws(LinkRefused) {
    let value = try offset32(relocation, addend: relocation.addend &+ 4)
    try expect(relocation, at: -3, [0x48, 0x8d, 0x05], bytes)
    try write(relocation, at: -3, [0x48, 0xc7, 0xc0] + value, &bytes)
  }

  private func offset32(_ relocation: PatchRelocation, addend: Int64) throws(LinkRefused) -> [UInt8] {
    let value = try section.threadOffset(relocation) &+ UInt64(bitPattern: addend)
    guard let offset = Int32(exactly: Int64(bitPattern: value)) else {
      throw section.refused(relocation, .outOfReach(value: value, bits: 32))
    }
    return UInt32(bitPattern: offset).littleEndianBytes
  }

  /// The relocation of the call that belongs to a sequence.
  private func getterCall(_ relocation: PatchRelocation, at distance: UInt64) throws(LinkRefused) -> Int {
    guard let call = getterCalls[relocation.offset + distance] else {
      throw section.refused(relocation, .unknownSequence(bytes: []))
    }
    return call
  }

  /// Bytes relative to a relocation's field; fewer where the section ends.
  private func read(_ relocation: PatchRelocation, at distance: Int, count: Int, _ bytes: [UInt8]) -> [UInt8] {
    let from = Int(relocation.offset) + distance
    guard from >= 0, from + count <= size else { return [] }
    return Array(bytes[(start + from)..<(start + from + count)])
  }

  private func expect(
    _ relocation: PatchRelocation, at distance: Int, _ wanted: [UInt8], _ bytes: [UInt8]
  ) throws(LinkRefused) {
    let found = read(relocation, at: distance, count: wanted.count, bytes)
    guard found == wanted else { throw section.refused(relocation, .unknownSequence(bytes: found)) }
  }

  private func write(
    _ relocation: PatchRelocation, at distance: Int, _ new: [UInt8], _ bytes: inout [UInt8]
  ) throws(LinkRefused) {
    let from = Int(relocation.offset) + distance
    guard from >= 0, from + new.count <= size else { throw section.refused(relocation, .unknownSequence(bytes: [])) }
    bytes.replaceSubrange((start + from)..<(start + from + new.count), with: new)
  }

  private func rewrite(
    _ relocation: PatchRelocation, at distance: Int, _ old: [UInt8], _ new: [UInt8], _ bytes: inout [UInt8]
  ) throws(LinkRefused) {
    try expect(relocation, at: distance, old, bytes)
    try write(relocation, at: distance, new, &bytes)
  }
}
