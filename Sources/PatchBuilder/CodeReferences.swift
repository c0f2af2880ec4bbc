internal import CElf
internal import Patch

/// Every branch and pointer of the target that may lead into some code: found by looking at all its bytes, so that nothing
/// that a compiler or a person made can be missed.
struct CodeReferences: Sendable {
  /// A reference: where it stands and where it leads.
  struct Reference: Equatable, Sendable {
    let to: UInt64
    let from: UInt64
  }
  /// What may be a near call, jump or conditional jump at every byte of the code, by target.
  private let branches: [Reference]
  /// Words of the data that are addresses of code, or get one, by target.
  private let pointers: [Reference]

  init(_ target: TargetImage) {
    branches = target.code.flatMap { CodeReferences.nearBranches(in: $0, target: target) }
      .sorted { ($0.to, $0.from) < ($1.to, $1.from) }
    // A file that is mapped anywhere has a relocation for each pointer, with the address in it, unless they are packed
    // (SHT_RELR, 19), and then the words hold the addresses. Other words are numbers that only look like small addresses.
    let wordsAreAddresses = target.kind == .fixedExecutable || target.elf.sections.contains { $0.type == 19 }
    var pointers =
      wordsAreAddresses ? (target.code + target.data).flatMap { CodeReferences.words(in: $0, target: target) } : []
    for (place, address) in target.relativeWords where target.isCode(address) {
      pointers.append(Reference(to: address, from: place))
    }
    self.pointers = pointers.sorted { ($0.to, $0.from) < ($1.to, $1.from) }
  }

  /// What may be a near branch into a range.
  func branches(into range: Range<UInt64>) -> ArraySlice<Reference> { CodeReferences.slice(branches, range) }

  /// What may be a pointer into a range.
  func pointers(into range: Range<UInt64>) -> ArraySlice<Reference> { CodeReferences.slice(pointers, range) }

  private static func slice(_ list: [Reference], _ range: Range<UInt64>) -> ArraySlice<Reference> {
    list[lowerBound(list, range.lowerBound)..<lowerBound(list, range.upperBound)]
  }

  private static func lowerBound(_ list: [Reference], _ address: UInt64) -> Int {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle].to < address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// `e8`, `e9` and `0f 80` to `0f 8f` with a 32-bit displacement, at every byte; ``Reference/from`` is the opcode's.
  private static func nearBranches(in segment: TargetImage.CodeSegment, target: TargetImage) -> [Reference] {
    var found: [Reference] = []
    let bytes = segment.bytes
    guard bytes.count >= 5 else { return [] }
    let ranges = target.code.map(\.range)
    for at in 0...(bytes.count - 5) {
      let opcode = bytes[at]
      var displacementAt = at + 1
      if opcode == 0x0f {
        guard bytes[at + 1] & 0xf0 == 0x80, at + 6 <= bytes.count else { continue }
        displacementAt = at + 2
      } else if opcode != 0xe8 && opcode != 0xe9 {
        continue
      }
      let raw =
        UInt32(bytes[displacementAt]) | UInt32(bytes[displacementAt + 1]) << 8
        | UInt32(bytes[displacementAt + 2]) << 16 | UInt32(bytes[displacementAt + 3]) << 24
      let end = segment.address &+ UInt64(displacementAt + 4)
      let to = end &+ UInt64(bitPattern: Int64(Int32(bitPattern: raw)))
      if ranges.contains(where: { $0.contains(to) }) {
        found.append(Reference(to: to, from: segment.address &+ UInt64(at)))
      }
    }
    return found
  }

  /// Aligned words that are addresses of code.
  private static func words(in segment: TargetImage.CodeSegment, target: TargetImage) -> [Reference] {
    var found: [Reference] = []
    let ranges = target.code.map(\.range)
    var at = Int((0 &- segment.address) & 7)
    while let word = segment.bytes.little(UInt64.self, at: at) {
      if word != 0 && ranges.contains(where: { $0.contains(word) }) {
        found.append(Reference(to: word, from: segment.address &+ UInt64(at)))
      }
      at += 8
    }
    return found
  }
}
