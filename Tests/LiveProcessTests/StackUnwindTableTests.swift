import CElf
import Glibc
import LiveProcess
import Patch
import Testing
import VictimKit

/// Another reader of call-frame information, libdw's, is asked the same for every function of real objects.
@Suite("Call-frame information says what libdw says that it says")
struct StackUnwindTableTests {
  static let libraries = ["libc.so.6", "ld-linux-x86-64.so.2", "libm.so.6", "libdw.so.1", "libcrypto.so.3"]

  @Test(arguments: libraries)
  func library(name: String) throws {
    let folder = name.hasPrefix("lib") && !["libc.so.6", "libm.so.6"].contains(name) ? "/usr" : ""
    try compare("\(folder)/lib/x86_64-linux-gnu/\(name)")
  }

  @Test(arguments: [("gcc", "-O2"), ("gcc", "-O0"), ("clang", "-O2"), ("clang", "-O0")])
  func victim(compiler: String, level: String) throws {
    try compare(try VictimProgram.compile("stack.c", compiler: compiler, flags: [level, "-pthread"]).path, atLeast: 10)
  }

  @Test("A table that is cut off anywhere is damaged, not a crash")
  func cutOff() throws {
    let file = try ElfFile(path: try VictimProgram.compile("stack.c").path)
    let section = try #require(file.section(named: ".eh_frame"))
    let bytes = try file.content(of: section)
    let start = RemoteAddress(section.address.value)
    let code = RemoteAddress(0)..<RemoteAddress(1 << 32)
    let whole = try UnwindTable(code: code, frames: UnwindBytes(start: start, bytes: bytes))
    var damaged = 0
    for length in 0..<bytes.count {
      do throws(DamagedUnwindTable) {
        _ = try UnwindTable(code: code, frames: UnwindBytes(start: start, bytes: Array(bytes.prefix(length))))
      } catch {
        damaged += 1
      }
    }
    #expect(damaged > bytes.count / 2)
    // Any bit turned over gives an answer or an error.
    for index in bytes.indices {
      var bad = bytes
      bad[index] ^= UInt8(1 << (index % 8))
      guard let table = try? UnwindTable(code: code, frames: UnwindBytes(start: start, bytes: bad)) else { continue }
      for address in stride(from: UInt64(0x1000), to: 0x3000, by: 61) { _ = try? table.row(at: RemoteAddress(address)) }
    }
    #expect(try whole.row(at: RemoteAddress(file.entry.value)) != nil)
  }

  private func compare(_ path: String, atLeast: Int = 100) throws {
    let file = try ElfFile(path: path)
    let section = try #require(file.section(named: ".eh_frame"))
    let headerSection = try #require(file.section(named: ".eh_frame_hdr"))
    let frames = UnwindBytes(start: RemoteAddress(section.address.value), bytes: try file.content(of: section))
    let code = RemoteAddress(0)..<RemoteAddress(1 << 40)
    let header = UnwindBytes(
      start: RemoteAddress(headerSection.address.value), bytes: try file.content(of: headerSection))
    let linear = try UnwindTable(code: code, frames: frames)
    let searched = try UnwindTable(code: code, header: header, readFrames: { _ in frames })

    _ = elf_version(UInt32(EV_CURRENT))
    let descriptor = unsafe open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    // SAFETY: libelf and libdw keep what they return until elf_end.
    guard let elf = unsafe elf_begin(descriptor, ELF_C_READ, nil) else { throw VictimTrouble("elf_begin of \(path)") }
    defer { unsafe elf_end(elf) }
    guard let cfi = unsafe dwarf_getcfi_elf(elf) else { throw VictimTrouble("dwarf_getcfi_elf of \(path)") }
    var compared = 0
    var functions = 0
    var differences: [String] = []
    for range in try linear.functions() where !range.isEmpty {
      functions += 1
      let size = range.upperBound.value - range.lowerBound.value
      for step in Set((0...16).map { min(size - 1, size * $0 / 16) } + [1, 4, 5].filter { $0 < size }) {
        let address = RemoteAddress(range.lowerBound.value + step)
        let row = try linear.row(at: address)
        if try searched.row(at: address) != row { differences.append("\(address): search table") }
        var frame: OpaquePointer?
        guard unsafe dwarf_cfi_addrframe(cfi, address.value, &frame) == 0, let frame = unsafe frame, let row else {
          differences.append("\(address): libdw or we know nothing")
          continue
        }
        defer { unsafe free(UnsafeMutableRawPointer(frame)) }
        let theirs = unsafe Self.text(of: frame)
        let ours = Self.text(of: row)
        if ours != theirs { differences.append("\(address): we \(ours), libdw \(theirs)") }
        compared += 1
      }
    }
    #expect(functions >= atLeast)
    #expect(compared > functions)
    #expect(differences.prefix(5) == [])
  }

  /// The registers that a walk needs: rbx, rbp, r12 to r15 and the return address.
  private static let registers = [3, 6, 12, 13, 14, 15, 16]

  private static func text(of row: CallFrameRow) -> String {
    var parts: [String] = []
    switch row.cfa {
    case .register(let number, let offset): parts.append("r\(number)+\(offset)")
    case .expression: parts.append("expression")
    }
    for number in registers {
      switch row.rules[number] {
      case .sameValue: parts.append("same")
      case .undefined: parts.append("undefined")
      case .saved(let offset): parts.append("cfa+\(offset)")
      case .value(let offset): parts.append("value cfa+\(offset)")
      case .register(let other): parts.append("r\(other)")
      case .savedAt, .valueOf: parts.append("expression")
      }
    }
    return parts.joined(separator: " ") + (row.isSignalFrame ? " signal" : "")
  }

  private static func text(of frame: OpaquePointer) -> String {
    var parts: [String] = []
    var ops: UnsafeMutablePointer<Dwarf_Op>?
    var count = 0
    if unsafe dwarf_frame_cfa(frame, &ops, &count) == 0, let ops = unsafe ops, count == 1 {
      let op = unsafe ops[0]
      if op.atom == DW_OP_bregx {
        parts.append("r\(op.number)+\(Int64(bitPattern: op.number2))")
      } else if (UInt8(DW_OP_breg0)...UInt8(DW_OP_breg31)).contains(op.atom) {
        parts.append("r\(Int(op.atom) - Int(DW_OP_breg0))+\(Int64(bitPattern: op.number))")
      } else {
        parts.append("expression")
      }
    } else {
      parts.append("expression")
    }
    var signal = false
    _ = unsafe dwarf_frame_info(frame, nil, nil, &signal)
    for number in registers {
      // SAFETY: libdw writes at most three operations here.
      var room = (Dwarf_Op(), Dwarf_Op(), Dwarf_Op())
      let text = unsafe withUnsafeMutablePointer(to: &room) { room in
        unsafe room.withMemoryRebound(to: Dwarf_Op.self, capacity: 3) { memory -> String in
          var ops: UnsafeMutablePointer<Dwarf_Op>?
          var count = 0
          guard unsafe dwarf_frame_register(frame, Int32(number), memory, &ops, &count) == 0 else { return "error" }
          guard let ops = unsafe ops else { return "same" }
          // libdw 0.188 takes rbx for lost where no rule names it; the psABI (figure 3.4) has it saved by the callee.
          if count == 0 { return unsafe ops == memory && number != 3 ? "undefined" : "same" }
          let first = unsafe ops[0]
          if count == 1, first.atom == DW_OP_regx { return "r\(first.number)" }
          if count == 1, (UInt8(DW_OP_reg0)...UInt8(DW_OP_reg31)).contains(first.atom) {
            return "r\(Int(first.atom) - Int(DW_OP_reg0))"
          }
          guard first.atom == DW_OP_call_frame_cfa else { return "expression" }
          if count == 1 { return "cfa+0" }
          if count == 2, unsafe ops[1].atom == DW_OP_plus_uconst {
            return unsafe "cfa+\(Int64(bitPattern: ops[1].number))"
          }
          return "expression"
        }
      }
      parts.append(text)
    }
    return parts.joined(separator: " ") + (signal ? " signal" : "")
  }
}
