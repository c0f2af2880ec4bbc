/// Where everything lies in an image, in bytes from its beginning: the layout with its contents.
///
/// The read-only part begins with what the linker makes: the address of the state word, the gates' slots, the offset table. The
/// text part begins with the gates and the stubs. The sections follow, then the call-frame information.
struct ImagePlan: Sendable {
  /// An entry of the image's offset table.
  struct TableKey: Hashable, Sendable {
    /// The index in ``PatchObject/symbols``; nil for the number 0.
    let symbol: Int?
    /// Whether the entry holds an offset from the thread pointer.
    let isThreadLocal: Bool
  }

  let layout: ImageLayout
  /// For each section of the object where it lies.
  let sections: [UInt64]
  /// The literal that holds the state word's address; nil when there is no gate.
  let stateWordLiteral: UInt64?
  /// For each replaced function its gate and the gate's slot; nil where only the direct form is possible.
  let gates: [Gate?]
  /// Where the offset table begins; the value of `_GLOBAL_OFFSET_TABLE_`.
  let table: UInt64
  /// The offset table's entries.
  let tableEntries: [TableKey: UInt64]
  /// The stubs of functions of other files, by symbol; each jumps through the symbol's entry of the offset table.
  let stubs: [Int: UInt64]
  /// The call-frame information from the first section of it to behind the zero word that ends it; nil where there is no code of the
  /// linker's and no section of it.
  let unwind: Range<UInt64>?
  /// Where the records for gates and stubs begin, in that range.
  let generatedUnwind: UInt64

  struct Gate: Sendable {
    let code: UInt64
    let slot: UInt64
  }

  init(_ artifact: PatchArtifact, ledgerSize: UInt64) {
    let object = artifact.object
    let needs = TableNeeds(object)
    var sections = [UInt64](repeating: 0, count: object.sections.count)
    var cursor = Cursor(ledgerSize)
    var parts: [ImageLayout.Part] = []
    cursor.closePart(.ledger, from: 0, into: &parts)

    // Read-only: literal, slots, offset table, sections, call-frame information.
    var start = cursor.position
    let gated = artifact.entries.count { $0.moved != nil }
    stateWordLiteral = gated > 0 ? cursor.take(8, alignment: 8) : nil
    let slots = artifact.entries.map { $0.moved == nil ? nil : cursor.take(8, alignment: 8) }
    table = cursor.take(0, alignment: 8)
    tableEntries = Dictionary(uniqueKeysWithValues: needs.entries.map { ($0, cursor.take(8, alignment: 8)) })
    cursor.place(object.sections, .readOnly, into: &sections)
    let unwindStart = cursor.take(0, alignment: 8)
    cursor.place(object.sections, .unwind, into: &sections)
    generatedUnwind = cursor.take(0, alignment: 4)
    let generatedSize = X86_64Unwind.size(gates: gated, stubs: needs.stubs.count)
    _ = cursor.take(generatedSize, alignment: 4)
    let hasUnwind = generatedUnwind > unwindStart || generatedSize > 0
    if hasUnwind { _ = cursor.take(4, alignment: 4) }
    unwind = hasUnwind ? unwindStart..<cursor.position : nil
    cursor.closePart(.readOnly, from: start, into: &parts)

    // Text: gates, stubs, sections (the moved copies among them).
    start = cursor.position
    gates = slots.map { slot in
      slot.map { Gate(code: cursor.take(X86_64Gate.length, alignment: X86_64Gate.length), slot: $0) }
    }
    stubs = Dictionary(
      uniqueKeysWithValues: needs.stubs.map { ($0, cursor.take(X86_64Stub.length, alignment: X86_64Stub.length)) })
    cursor.place(object.sections, .text, into: &sections)
    cursor.closePart(.text, from: start, into: &parts)

    // Data.
    start = cursor.position
    cursor.place(object.sections, .data, into: &sections)
    cursor.place(object.sections, .zero, into: &sections)
    cursor.closePart(.data, from: start, into: &parts)

    self.sections = sections
    layout = ImageLayout(parts: parts, size: cursor.position)
  }

  /// What the relocations need besides the sections, each once, in the order of the file.
  private struct TableNeeds {
    var entries: [TableKey] = []
    var stubs: [Int] = []

    init(_ object: PatchObject) {
      var seen: Set<TableKey> = []
      var stubbed: Set<Int> = []
      for section in object.sections {
        for relocation in section.relocations {
          if relocation.type.needsTableEntry {
            let key = TableKey(symbol: relocation.symbol, isThreadLocal: relocation.type == .gottpoff)
            if seen.insert(key).inserted { entries.append(key) }
          }
          guard let symbol = relocation.symbol, relocation.isBranch(in: section) else { continue }
          switch object.symbols[symbol].definition {
          case .target, .imported, .absolute:
            let key = TableKey(symbol: symbol, isThreadLocal: false)
            if seen.insert(key).inserted { entries.append(key) }
            if stubbed.insert(symbol).inserted { stubs.append(symbol) }
          case .section, .offsetTable, .threadLocalGetter, .unloaded: break
          }
        }
      }
    }
  }

  /// Hands out places one behind the other.
  ///
  /// The sums cannot overflow: everything that is placed is bounded by ``PatchLimits``.
  private struct Cursor {
    private(set) var position: UInt64

    init(_ position: UInt64) { self.position = position }

    mutating func take(_ size: UInt64, alignment: UInt64) -> UInt64 {
      let start = (position + alignment - 1) & ~(alignment - 1)
      position = start + size
      return start
    }

    mutating func place(_ all: [PatchSection], _ kind: PatchSection.Kind, into sections: inout [UInt64]) {
      for (index, section) in all.enumerated() where section.kind == kind {
        // Records of call-frame information stand one behind the other: a gap of zeros would end the list.
        sections[index] = take(section.size, alignment: kind == .unwind ? 4 : section.alignment)
      }
    }

    mutating func closePart(_ kind: ImageLayout.Part.Kind, from start: UInt64, into parts: inout [ImageLayout.Part]) {
      position = take(0, alignment: ImageLayout.pageSize)
      if position > start { parts.append(ImageLayout.Part(kind: kind, offset: start, size: position - start)) }
    }
  }
}
