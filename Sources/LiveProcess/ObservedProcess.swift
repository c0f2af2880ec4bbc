package import Patch

/// One process as it was seen: read from the kernel and from its memory, without stopping it.
package struct ObservedProcess: Equatable, Sendable {
  package var identity: ProcessIdentity
  /// The kernel's short name for it (`comm`).
  package var name: String
  /// argv; empty when it cleared them.
  package var arguments: [String]
  /// The real user's number.
  package var userID: UInt32
  /// The cgroup-v2 path; `/` when there is none.
  package var cgroup: String
  /// The ELF files that it maps and that matter to the question asked, the executable first.
  package var binaries: [MappedBinary]
  /// The patches that it carries, by the address of their mapping.
  package var patches: [ObservedPatch]
  /// Traces that a killed tool left and that the next transition clears up: descriptors, mappings without a ledger.
  package var leftovers: [String]
  /// Why it could not be read; nil when it was.
  ///
  /// An unreadable process is not an absent one.
  package var unreadable: UnreadableReason?
  /// The thread that traces it (gdb, strace, another lpreconcile) and its name; nil when none does.
  package var tracer: Tracer?

  /// A thread that traces a process.
  package struct Tracer: Equatable, Sendable {
    /// Its number: of a thread, not of a process.
    package var tid: Int32
    /// Its name (`comm`); empty when it has ended since or may not be read.
    package var name: String
    package init(tid: Int32, name: String) {
      self.tid = tid
      self.name = name
    }
  }

  package enum UnreadableReason: Equatable, Sendable {
    /// The kernel said no: an errno value, and to which file.
    case denied(errno: Int32, path: String)
    /// Its ledgers were written by a newer version of the tool.
    case newerLedger(version: UInt32)
    /// Its ledgers are damaged: the field and its offset.
    case damagedLedger(field: String, at: RemoteAddress)
  }

  package init(
    identity: ProcessIdentity, name: String, arguments: [String], userID: UInt32, cgroup: String,
    binaries: [MappedBinary], patches: [ObservedPatch], leftovers: [String], unreadable: UnreadableReason? = nil,
    tracer: Tracer? = nil
  ) {
    self.identity = identity
    self.name = name
    self.arguments = arguments
    self.userID = userID
    self.cgroup = cgroup
    self.binaries = binaries
    self.patches = patches
    self.leftovers = leftovers
    self.unreadable = unreadable
    self.tracer = tracer
  }
}

/// One ELF file as a process has it mapped.
package struct MappedBinary: Equatable, Sendable {
  package var buildID: BuildID
  /// The path in the process's own mount namespace, without ` (deleted)`.
  package var path: String
  /// Whether the kernel says that the file has been deleted (or replaced) since.
  package var isDeleted: Bool
  /// What the link-time addresses are shifted by.
  package var loadBias: UInt64
  /// From the lowest mapped address to behind the highest.
  package var range: Range<RemoteAddress>

  package init(buildID: BuildID, path: String, isDeleted: Bool, loadBias: UInt64, range: Range<RemoteAddress>) {
    self.buildID = buildID
    self.path = path
    self.isDeleted = isDeleted
    self.loadBias = loadBias
    self.range = range
  }
}

/// One patch in one process, as its ledger and the memory show it.
package struct ObservedPatch: Equatable, Sendable {
  /// The artifact's SHA-256; for values that of the entry in canonical form.
  package var id: SHA256Digest
  package var name: String
  package var description: String?
  package var fixes: [String]
  /// The build that it was loaded for.
  package var buildID: BuildID
  package var state: State
  /// Every place that it replaces.
  package var places: [Place]
  /// Where memory and ledger disagree; empty when all is as it should be.
  package var drift: [Drift]
  /// When it was last activated, in seconds after the epoch; nil when it never was.
  package var activatedAt: Int64?
  /// The memory that it adds to the process, in bytes.
  package var mappedSize: UInt64

  package enum State: String, Equatable, Sendable {
    /// In memory, not in effect.
    case loaded
    /// In effect, every entry branching straight to the replacement.
    case active
    /// A killed tool left it between the two; the process runs wholly old or wholly new code, and the next
    /// transition completes or rolls back.
    case armed, committed
  }

  /// A function or a value that a patch replaces.
  package struct Place: Hashable, Sendable {
    package enum Kind: String, Sendable { case function, value }
    package var kind: Kind
    package var symbol: String
    package var address: RemoteAddress
    /// The function's or the value's size in bytes.
    package var size: UInt64

    package init(kind: Kind, symbol: String, address: RemoteAddress, size: UInt64) {
      self.kind = kind
      self.symbol = symbol
      self.address = address
      self.size = size
    }
  }

  /// One place where the memory is not what the ledger says.
  package struct Drift: Hashable, Codable, Sendable {
    package enum Kind: Hashable, Codable, Sendable {
      /// A breakpoint (`int3`), of a debugger or a uprobe.
      case breakpoint
      /// Another branch: somebody else's hook.
      case foreignBranch
      /// The program has changed the value since.
      case valueChanged
      /// Neither of these.
      case foreignBytes
      /// The bytes are the original ones although the patch is active.
      case restoredByOthers
      /// The patch's own code or read-only data is not what was loaded.
      case imageChanged
    }
    package var kind: Kind
    package var symbol: String
    package var address: RemoteAddress
    package var expected: [UInt8]
    package var found: [UInt8]

    package init(kind: Kind, symbol: String, address: RemoteAddress, expected: [UInt8], found: [UInt8]) {
      self.kind = kind
      self.symbol = symbol
      self.address = address
      self.expected = expected
      self.found = found
    }
  }

  package init(
    id: SHA256Digest, name: String, description: String? = nil, fixes: [String], buildID: BuildID, state: State,
    places: [Place], drift: [Drift], activatedAt: Int64? = nil, mappedSize: UInt64
  ) {
    self.id = id
    self.name = name
    self.description = description
    self.fixes = fixes
    self.buildID = buildID
    self.state = state
    self.places = places
    self.drift = drift
    self.activatedAt = activatedAt
    self.mappedSize = mappedSize
  }
}
