internal import CElf
internal import Patch

/// Follows the code of a replacement in its object: what it may do to the registers of its callers.
struct ReplacementRegisterUse: ~Copyable {
  private let object: ReplacementObject
  private let decoder: X86_64Decoder
  private let symbols: [ElfSymbol]

  init?(_ object: ReplacementObject) {
    guard let decoder = X86_64Decoder(), let symbols = try? object.elf.symbols(.full) else { return nil }
    self.object = object
    self.decoder = decoder
    self.symbols = symbols
  }

  /// The registers that a function may write; whatever cannot be followed writes everything.
  func of(_ function: ElfSymbol) -> RegisterUse {
    var use = RegisterUse()
    let everything = RegisterUse(written: [.callerSaved, .wide], callsOthers: true, needsAlignedStack: true)
    guard case .section(let index) = function.place, object.elf.sections.indices.contains(index),
      let content = try? object.elf.content(of: object.elf.sections[index]),
      let start = Int(exactly: function.value), let size = Int(exactly: function.size), size > 0,
      start <= content.count, size <= content.count - start
    else { return everything }
    // Followed within the function alone: a call of anything, itself excepted, may write everything.
    let relocated = relocatedPlaces(of: index)
    let own = function.value..<(function.value + function.size)
    var at = start
    while at < start + size {
      guard let next = decoder.instruction(in: content, at: at, base: 0) else { return everything }
      use.written.formUnion(next.mayWrite)
      if next.needsAlignedMemory { use.needsAlignedStack = true }
      let isRelocated = relocated.contains { $0 >= UInt64(at) && $0 < UInt64(at + next.bytes.count) }
      switch next.flow {
      case .call, .indirectCall, .other: return everything
      case .jump(let to), .conditional(let to, _):
        guard !isRelocated, own.contains(to) else { return everything }
      case .indirectJump:
        // A jump table stays in the function; a tail call through a pointer would not, and looks the same.
        return everything
      case .next, .counted, .return, .breakpoint, .stop: break
      }
      at += next.bytes.count
    }
    return use
  }

  /// The offsets that relocations of a section fill in.
  private func relocatedPlaces(of section: Int) -> [UInt64] {
    object.elf.sections.filter { $0.type == UInt32(SHT_RELA) && Int($0.info) == section }.flatMap { table in
      // What cannot be read is refused when the artifact is read back.
      (try? object.elf.relocations(in: table, of: object.elf.sections[section], symbolCount: symbols.count)) ?? []
    }.map(\.offset)
  }
}
