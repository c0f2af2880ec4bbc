/// Gives common symbols (`SHN_COMMON`: size and alignment, no place) places in a section of their own.
struct CommonSection {
  /// The section's index among the loaded ones.
  let index: Int
  private var size: UInt64 = 0
  private var alignment: UInt64 = 1

  init(index: Int) { self.index = index }

  /// The place of one more symbol; nil when the size or the alignment is beyond what is allowed.
  ///
  /// - Parameters:
  ///   - size: the symbol's `st_size`.
  ///   - alignment: the symbol's `st_value`.
  /// - Returns: its offset in the section.
  mutating func place(size: UInt64, alignment: UInt64) -> UInt64? {
    guard alignment > 0, alignment <= ImageLayout.pageSize, alignment & (alignment - 1) == 0,
      size <= PatchLimits.loadedSize
    else { return nil }
    let start = (self.size + alignment - 1) & ~(alignment - 1)
    guard start + size <= PatchLimits.loadedSize else { return nil }
    self.size = start + size
    self.alignment = max(self.alignment, alignment)
    return start
  }

  /// The section; nil when there was no such symbol.
  var section: PatchSection? {
    size == 0
      ? nil : PatchSection(name: "COMMON", kind: .zero, alignment: alignment, size: size, content: [], relocations: [])
  }
}
