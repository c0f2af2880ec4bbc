/// Fills in the relocations of one section (x86-64 psABI 4.4.1).
struct X86_64SectionLinker {
  let object: PatchObject
  let plan: ImagePlan
  let symbols: SymbolValues
  /// The section's index in the object.
  let section: Int
  /// Code that nothing leads to: it becomes `int3`, and its relocations are left out.
  let unused: [Range<UInt64>]

  func link(into bytes: inout [UInt8]) throws(LinkRefused) {
    let relocations = object.sections[section].relocations
    for range in unused {
      let start = Int(plan.sections[section] + range.lowerBound)
      for index in start..<(start + range.count) { bytes[index] = 0xcc }
    }
    let replaced = try X86_64ThreadLocal(self).replace(relocations, in: &bytes)
    for (index, relocation) in relocations.enumerated()
    where !replaced.contains(index) && !unused.contains(where: { $0.contains(relocation.offset) }) {
      try apply(relocation, to: &bytes)
    }
  }

  /// An error about a relocation of this section.
  func refused(_ relocation: PatchRelocation, _ reason: LinkRefused.Reason) -> LinkRefused {
    LinkRefused(
      symbol: symbols.name(relocation.symbol), relocation: relocation.type.name, section: object.sections[section].name,
      offset: relocation.offset, reason: reason)
  }

  private func apply(_ relocation: PatchRelocation, to bytes: inout [UInt8]) throws(LinkRefused) {
    let type = relocation.type
    guard type != .none else { return }
    let field = Field(at: Int(plan.sections[section] + relocation.offset))
    let place = symbols.base + plan.sections[section] + relocation.offset
    let addend = UInt64(bitPattern: relocation.addend)
    switch type {
    case .absolute64: try put(try address(relocation) &+ addend, field.whole64, relocation, &bytes)
    case .absolute32: try put(try address(relocation) &+ addend, field.unsigned32, relocation, &bytes)
    case .signed32: try put(try address(relocation) &+ addend, field.signed32, relocation, &bytes)
    case .absolute16: try put(try address(relocation) &+ addend, field.either16, relocation, &bytes)
    case .absolute8: try put(try address(relocation) &+ addend, field.either8, relocation, &bytes)
    case .pc64: try put(try address(relocation) &+ addend &- place, field.whole64, relocation, &bytes)
    case .pc32, .plt32: try putBranchOrDistance(relocation, place, field, &bytes)
    case .pc16: try put(try address(relocation) &+ addend &- place, field.signed16, relocation, &bytes)
    case .pc8: try put(try address(relocation) &+ addend &- place, field.signed8, relocation, &bytes)
    case .gotpcrel, .gotpcrelx, .rexGotpcrelx, .gottpoff:
      try put(try tableEntry(relocation) &+ addend &- place, field.signed32, relocation, &bytes)
    case .gotpcrel64: try put(try tableEntry(relocation) &+ addend &- place, field.whole64, relocation, &bytes)
    case .got32: try put(try tableEntry(relocation) &- table &+ addend, field.signed32, relocation, &bytes)
    case .got64, .gotplt64: try put(try tableEntry(relocation) &- table &+ addend, field.whole64, relocation, &bytes)
    case .gotoff64, .pltoff64: try put(try address(relocation) &+ addend &- table, field.whole64, relocation, &bytes)
    case .gotpc32: try put(table &+ addend &- place, field.signed32, relocation, &bytes)
    case .gotpc64: try put(table &+ addend &- place, field.whole64, relocation, &bytes)
    case .size32: try put(try size(relocation) &+ addend, field.unsigned32, relocation, &bytes)
    case .size64: try put(try size(relocation) &+ addend, field.whole64, relocation, &bytes)
    // In code DTPOFF32 follows a TLSLD, which has become the thread pointer, so the offset is from there.
    case .dtpoff32 where object.sections[section].kind == .text:
      try put(try threadOffset(relocation) &+ addend, field.signed32, relocation, &bytes)
    case .tpoff32: try put(try threadOffset(relocation) &+ addend, field.signed32, relocation, &bytes)
    case .tpoff64: try put(try threadOffset(relocation) &+ addend, field.whole64, relocation, &bytes)
    default: throw refused(relocation, .unsupportedRelocation(type: type.number))
    }
  }

  private var table: UInt64 { symbols.base + plan.table }

  /// A call, jump or distance in 32 bits; a branch to a function out of reach goes through the function's stub.
  private func putBranchOrDistance(
    _ relocation: PatchRelocation, _ place: UInt64, _ field: Field, _ bytes: inout [UInt8]
  ) throws(LinkRefused) {
    let addend = UInt64(bitPattern: relocation.addend)
    let distance = try address(relocation) &+ addend &- place
    // The stub stands for the function's beginning only: with another addend than the field's own length it would not.
    if !field.signed32.fits(distance), relocation.addend == -4, let symbol = relocation.symbol,
      let stub = plan.stubs[symbol], relocation.isBranch(in: object.sections[section])
    {
      return try put(symbols.base + stub &+ addend &- place, field.signed32, relocation, &bytes)
    }
    try put(distance, field.signed32, relocation, &bytes)
  }

  private func put(
    _ value: UInt64, _ field: Field.Sized, _ relocation: PatchRelocation, _ bytes: inout [UInt8]
  ) throws(LinkRefused) {
    guard field.fits(value) else { throw refused(relocation, .outOfReach(value: value, bits: field.bits)) }
    for index in 0..<(field.bits / 8) { bytes[field.offset + index] = UInt8(truncatingIfNeeded: value >> (index * 8)) }
  }

  private func address(_ relocation: PatchRelocation) throws(LinkRefused) -> UInt64 {
    switch symbols.value(relocation.symbol) {
    case .address(let address): return address &+ (try wayToTarget(relocation))
    case .threadLocal, .threadLocalGetter: throw refused(relocation, .threadLocalMismatch)
    case .unloaded: throw refused(relocation, .notLoaded)
    }
  }

  /// What leads from a replaced function's new code to the function itself where a relocation takes its address; else 0.
  private func wayToTarget(_ relocation: PatchRelocation) throws(LinkRefused) -> UInt64 {
    do throws(LinkRefused.Reason) {
      return try symbols.wayToTarget(of: relocation, in: section)
    } catch {
      throw refused(relocation, error)
    }
  }

  /// The offset of a relocation's symbol from the thread pointer.
  func threadOffset(_ relocation: PatchRelocation) throws(LinkRefused) -> UInt64 {
    guard case .threadLocal(let offset) = symbols.value(relocation.symbol) else {
      throw refused(relocation, .threadLocalMismatch)
    }
    return UInt64(bitPattern: offset)
  }

  private func tableEntry(_ relocation: PatchRelocation) throws(LinkRefused) -> UInt64 {
    let key = ImagePlan.TableKey(symbol: relocation.symbol, isThreadLocal: relocation.type == .gottpoff)
    guard case .address = symbols.value(relocation.symbol) else {
      guard key.isThreadLocal, case .threadLocal = symbols.value(relocation.symbol) else {
        throw refused(relocation, .threadLocalMismatch)
      }
      return try entry(key, relocation)
    }
    return try entry(key, relocation)
  }

  private func entry(_ key: ImagePlan.TableKey, _ relocation: PatchRelocation) throws(LinkRefused) -> UInt64 {
    guard let entry = plan.tableEntries[key] else {
      throw refused(relocation, .unsupportedRelocation(type: relocation.type.number))
    }
    return symbols.base + entry
  }

  private func size(_ relocation: PatchRelocation) throws(LinkRefused) -> UInt64 {
    guard let symbol = relocation.symbol else { return 0 }
    guard case .section = object.symbols[symbol].definition else { throw refused(relocation, .sizeUnknown) }
    return object.symbols[symbol].size
  }

  /// A field and what fits into it.
  private struct Field {
    let offset: Int
    init(at offset: Int) { self.offset = offset }

    struct Sized {
      let offset: Int
      let bits: Int
      let signed: Bool
      let unsigned: Bool

      func fits(_ value: UInt64) -> Bool {
        guard bits < 64 else { return true }
        let high = Int64(bitPattern: value) >> (bits - 1)
        return signed && (high == 0 || high == -1) || unsigned && value >> UInt64(bits) == 0
      }
    }

    var whole64: Sized { Sized(offset: offset, bits: 64, signed: true, unsigned: true) }
    var signed32: Sized { Sized(offset: offset, bits: 32, signed: true, unsigned: false) }
    var unsigned32: Sized { Sized(offset: offset, bits: 32, signed: false, unsigned: true) }
    var signed16: Sized { Sized(offset: offset, bits: 16, signed: true, unsigned: false) }
    var either16: Sized { Sized(offset: offset, bits: 16, signed: true, unsigned: true) }
    var signed8: Sized { Sized(offset: offset, bits: 8, signed: true, unsigned: false) }
    var either8: Sized { Sized(offset: offset, bits: 8, signed: true, unsigned: true) }
  }
}
