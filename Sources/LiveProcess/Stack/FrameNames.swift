internal import Patch

/// Puts names to the frames of a backtrace, after the resume: `hllMerge+0x8c`.
///
/// The symbols are those of the mapped file itself, whatever its path names now (proc(5), `map_files`); where it has none
/// for an address, the object's name and the offset in its file stand instead: `libc.so.6+0x2a1f0`.
package struct FrameNames {
  private let process: ProcessID
  private let map: MemoryMap
  private var functions: [Mapping.File: [Function]] = [:]

  /// A function of one file.
  private struct Function {
    var start: UInt64
    var end: UInt64
    var name: String
  }

  /// `map`: the process's mappings as read before the stop.
  package init(of process: ProcessID, map: MemoryMap) {
    self.process = process
    self.map = map
  }

  /// A frame with its name; a call's frame is named by the call, though its address is where it returns to.
  package mutating func named(_ frame: StackWalk.Frame) -> TransitionRefused.Frame {
    TransitionRefused.Frame(address: frame.instruction, text: text(frame))
  }

  /// A whole backtrace with its names, where only the addresses are left: all but the first are taken for calls.
  package mutating func named(_ backtrace: [TransitionRefused.Frame]) -> [TransitionRefused.Frame] {
    backtrace.enumerated().map { index, frame in
      named(
        StackWalk.Frame(
          instruction: frame.address, stackPointer: RemoteAddress(0), slot: nil, isInterrupted: index == 0))
    }
  }

  private mutating func text(_ frame: StackWalk.Frame) -> String {
    guard let mapping = map.mapping(at: frame.lookup) else { return "\(frame.instruction)" }
    let offset = frame.instruction.value &- mapping.range.lowerBound.value &+ mapping.offset
    let object =
      mapping.memoryFileName ?? mapping.path.split(separator: "/").last.map(String.init)
      ?? "\(mapping.range.lowerBound)"
    if let file = mapping.file, mapping.memoryFileName == nil {
      // Symbols count in the file's own addresses: its first mapping says how far they were shifted.
      let known = functions[file] ?? read(mapping)
      functions[file] = known
      if let base = map.mappings.last(where: {
        $0.file == file && $0.offset == 0 && $0.range.lowerBound <= mapping.range.lowerBound
      }), let name = Self.name(of: frame, in: known, base: base.range.lowerBound) {
        return name
      }
    }
    return object + "+0x" + String(offset, radix: 16)
  }

  private static func name(of frame: StackWalk.Frame, in functions: [Function], base: RemoteAddress) -> String? {
    let address = frame.lookup.value &- base.value
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < functions[low - 1].end else { return nil }
    let offset = frame.instruction.value &- base.value &- functions[low - 1].start
    return functions[low - 1].name + "+0x" + String(offset, radix: 16)
  }

  /// The functions of a mapping's file, relative to its first byte in memory, ascending.
  private func read(_ mapping: Mapping) -> [Function] {
    let start = String(mapping.range.lowerBound.value, radix: 16)
    let end = String(mapping.range.upperBound.value, radix: 16)
    guard let file = try? ElfFile(path: "/proc/\(process)/map_files/\(start)-\(end)"),
      let first = file.segments.first(where: { $0.type == 1 && $0.offset & ~0xfff == 0 })
    else { return [] }  // Without symbols a frame is named by its object.
    var symbols = (try? file.fullSymbols(at: mapping.path, under: ["/proc/\(process)/root", ""])) ?? []
    if symbols.isEmpty { symbols = (try? file.symbols(.dynamic)) ?? [] }
    let origin = first.address.value & ~0xfff
    let functions = symbols.compactMap { symbol -> Function? in
      guard symbol.type == .function, symbol.isDefined, symbol.size > 0, symbol.value >= origin else { return nil }
      let start = symbol.value - origin
      let (end, overflow) = start.addingReportingOverflow(symbol.size)
      return overflow ? nil : Function(start: start, end: end, name: symbol.name)
    }
    return functions.sorted { $0.start < $1.start }
  }
}
