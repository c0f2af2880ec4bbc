package import Patch

/// The record at the head of a patch's mapping, from which any later run sees what was done and how to take it back.
///
/// It is written before the mapping appears in the process and changes in three fields only: the state, the time of the
/// last activation, and the bytes that stood in the patched variables before. docs/ledger.md has the layout.
package struct Ledger: Equatable, Sendable {
  /// The first eight bytes of every ledger.
  package static let magic = Array("LPLEDGER".utf8)
  /// The version that this tool writes, and the newest that it reads.
  package static let currentVersion: UInt32 = 3
  /// The longest ledger that is read, in bytes.
  package static let maximumSize = 16 << 20

  package enum State: UInt32, Sendable {
    /// The mapping is being made; a run that finds it takes it away.
    case loading = 1
    /// The mapping is complete.
    case loaded = 2
  }

  /// The version that it is written as: where its fields lie in a process depends on it.
  package var version: UInt32
  /// The artifact's SHA-256; for values that of the entry in canonical form.
  package var id: SHA256Digest
  package var state: State
  /// Its bit in the state word, 0 to 63.
  package var bit: Int
  /// When it was last activated, in seconds after the epoch; nil when it never was.
  package var activatedAt: Int64?
  /// A label for people.
  package var name: String
  package var description: String?
  package var fixes: [String]
  /// The build that it is made for.
  package var buildID: BuildID
  /// What that build's link-time addresses are shifted by in this process.
  package var loadBias: UInt64
  /// Where the mapping, and with it this ledger, begins.
  package var base: RemoteAddress
  /// The address of the 64-bit state word.
  package var stateWord: RemoteAddress
  /// Where its `.eh_frame` lies, for stack walks; nil when it has none.
  package var unwind: Range<RemoteAddress>?
  /// How that is made known to the program's own unwinder; nil where it need not.
  ///
  /// Since version 3.
  package var registration: LinkedRegistration?
  package var parts: [Part]
  package var functions: [Function]
  package var values: [Value]

  /// One part of the mapping, page-aligned.
  package struct Part: Equatable, Sendable {
    package enum Protection: UInt8, Sendable {
      case readOnly = 1
      case executable = 5
      case writable = 3
    }
    /// In bytes from the mapping's start.
    package var offset: UInt64
    /// In bytes; a multiple of the page size.
    package var size: UInt64
    package var protection: Protection
    /// The SHA-256 of its content as loaded, the else-slots taken as zero; nil for what may change.
    package var digest: SHA256Digest?

    package init(offset: UInt64, size: UInt64, protection: Protection, digest: SHA256Digest?) {
      self.offset = offset
      self.size = size
      self.protection = protection
      self.digest = digest
    }
  }

  /// A replaced function.
  package struct Function: Equatable, Sendable {
    package var symbol: String
    /// All of the function, from its symbol's address.
    package var range: Range<RemoteAddress>
    /// Where the branch goes: the function's address, or behind its `endbr64`.
    package var place: RemoteAddress
    /// The bytes of the build at the place, 5 to 15 of them.
    package var original: [UInt8]
    /// The branch straight to the replacement.
    package var direct: [UInt8]
    package var replacement: RemoteAddress
    /// Code of the function that lies apart, such as its unlikely part; since version 2.
    package var parts: [Range<RemoteAddress>]
    /// How the entry leads to either code while the switch is made; nil where only the direct form is possible.
    package var gate: Gate?

    package init(
      symbol: String, range: Range<RemoteAddress>, place: RemoteAddress, original: [UInt8], direct: [UInt8],
      replacement: RemoteAddress, parts: [Range<RemoteAddress>] = [], gate: Gate?
    ) {
      self.symbol = symbol
      self.range = range
      self.place = place
      self.original = original
      self.direct = direct
      self.replacement = replacement
      self.parts = parts
      self.gate = gate
    }
  }

  /// A function's gate.
  package struct Gate: Equatable, Sendable {
    /// The branch from the entry to the gate.
    package var branch: [UInt8]
    /// The gate's code.
    package var range: Range<RemoteAddress>
    /// The 8-byte aligned address of the word that says where the gate leads while the patch's bit is not set.
    package var elseSlot: RemoteAddress
    /// The entry's own first instructions, moved.
    package var moved: RemoteAddress
    /// For each of them where it is in the function and in the copy.
    package var instructions: [MovedInstruction]
    /// Whether the function branches back to the place.
    package var branchesToEntry: Bool

    package init(
      branch: [UInt8], range: Range<RemoteAddress>, elseSlot: RemoteAddress, moved: RemoteAddress,
      instructions: [MovedInstruction], branchesToEntry: Bool
    ) {
      self.branch = branch
      self.range = range
      self.elseSlot = elseSlot
      self.moved = moved
      self.instructions = instructions
      self.branchesToEntry = branchesToEntry
    }
  }

  /// An instruction of an entry and its moved copy.
  package struct MovedInstruction: Equatable, Sendable {
    package var original: RemoteAddress
    package var moved: RemoteAddress

    package init(original: RemoteAddress, moved: RemoteAddress) {
      self.original = original
      self.moved = moved
    }
  }

  /// A replaced value.
  package struct Value: Equatable, Sendable {
    package var symbol: String
    package var address: RemoteAddress
    /// The bytes to set.
    package var new: [UInt8]
    /// The bytes that stood there at the last activation; as many as ``new``.
    package var original: [UInt8]
    /// The bytes that must stand there before; nil for whatever does.
    package var expect: [UInt8]?

    package init(symbol: String, address: RemoteAddress, new: [UInt8], original: [UInt8], expect: [UInt8]?) {
      self.symbol = symbol
      self.address = address
      self.new = new
      self.original = original
      self.expect = expect
    }
  }

  package init(
    id: SHA256Digest, state: State, bit: Int, activatedAt: Int64?, name: String, description: String?, fixes: [String],
    buildID: BuildID, loadBias: UInt64, base: RemoteAddress, stateWord: RemoteAddress,
    unwind: Range<RemoteAddress>? = nil, registration: LinkedRegistration? = nil, parts: [Part], functions: [Function],
    values: [Value]
  ) {
    version = Ledger.currentVersion
    self.id = id
    self.state = state
    self.bit = bit
    self.activatedAt = activatedAt
    self.name = name
    self.description = description
    self.fixes = fixes
    self.buildID = buildID
    self.loadBias = loadBias
    self.base = base
    self.stateWord = stateWord
    self.unwind = unwind
    self.registration = registration
    self.parts = parts
    self.functions = functions
    self.values = values
  }
}

extension Ledger {
  /// Whether only a single branch can switch it: it has one function and that has no gate.
  package var isDirectForm: Bool { functions.contains { $0.gate == nil } }

  /// The word with this patch's bit alone.
  package var mask: UInt64 { 1 << UInt64(bit) }

  /// All of the mapping; nil when its parts reach beyond the address space.
  package var mappedRange: Range<RemoteAddress>? {
    var end = base
    for part in parts {
      let (size, overflow) = part.offset.addingReportingOverflow(part.size)
      guard !overflow, let partEnd = base.advanced(by: size) else { return nil }
      end = max(end, partEnd)
    }
    return base..<end
  }

  /// What only the program's unwinder points to, and never comes back through: its records and what it keeps of them.
  ///
  /// A word there is what it knows of the patch, or a leftover of that: who is in the patch's code is known by other words.
  package var unwindersOwn: [Range<RemoteAddress>] {
    guard let registration else { return [] }
    return [registration.state] + (unwind.map { [$0] } ?? [])
  }

  /// The parts that hold code.
  package var textRanges: [Range<RemoteAddress>] {
    parts.filter { $0.protection == .executable }.compactMap { part in
      guard let start = base.advanced(by: part.offset), let end = start.advanced(by: part.size) else { return nil }
      return start..<end
    }
  }
}
