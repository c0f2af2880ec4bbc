internal import Patch

/// One object that a process's dynamic linker has loaded, in the order of its link map.
struct LinkedObject: Sendable {
  /// As the dynamic linker knows it (`l_name`); empty for the executable.
  let name: String
  let image: RemoteELF
  let symbols: RemoteSymbols
  /// All relocations of 24 bytes, of `DT_RELA` and `DT_JMPREL`.
  let slots: [Slot]

  /// A word that the dynamic linker fills in.
  struct Slot: Sendable {
    let place: RemoteAddress
    /// `R_X86_64_…`.
    let type: UInt32
    let symbol: Int
    let addend: UInt64
  }

  /// Whether a `DT_NEEDED` of a name means this object.
  func isNamed(_ needed: String) -> Bool {
    symbols.soname == needed || name == needed || name.split(separator: "/").last.map(String.init) == needed
  }

  init(name: String, image: RemoteELF, memory: borrowing RemoteMemory) throws(DamagedImage) {
    self.name = name
    self.image = image
    symbols = try RemoteSymbols(of: image, memory: memory)
    var slots: [Slot] = []
    for case .some(let table) in [image.dynamic?.relocations, image.dynamic?.pltRelocations] {
      let bytes = try image.table("DT_RELA", at: table.start, count: table.size, memory: memory)
      for at in stride(from: 0, through: bytes.count - 24, by: 24) {
        guard let offset = bytes.little(UInt64.self, at: at), let info = bytes.little(UInt64.self, at: at + 8),
          let addend = bytes.little(UInt64.self, at: at + 16)
        else { continue }
        let type = UInt32(truncatingIfNeeded: info)
        // R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT, R_X86_64_IRELATIVE: nothing else is asked for.
        guard type == 6 || type == 7 || type == 37, let place = LinkAddress(offset).loaded(bias: image.loadBias),
          image.range.contains(place)
        else { continue }
        slots.append(Slot(place: place, type: type, symbol: Int(info >> 32), addend: addend))
      }
    }
    self.slots = slots
  }
}
