/// One manifest document: which patches every process of one binary is to carry, per build.
///
/// Everything here has been checked: a value of this type cannot be wrong in itself.
package struct PatchSet: Equatable, Sendable {
  /// `metadata.name`.
  package var name: String
  /// `metadata.description`.
  package var description: String?
  /// `spec.binary`: an absolute path or glob of the mapped ELF file, in the process's own mount namespace.
  package var binary: String
  /// `spec.builds`: in the order written; a build-id is listed once.
  package var builds: [Build]
  /// `spec.unknownBuilds`.
  package var unknownBuilds: UnknownBuilds
  /// `spec.processes`.
  package var processes: ProcessFilter
  /// `spec.policy`.
  package var policy: Policy
  /// Where the document begins.
  package var declaredAt: SourceRange

  /// What to do about a process of the binary whose build is not listed.
  package enum UnknownBuilds: String, CaseIterable, Sendable {
    case report, fail, ignore
  }

  /// What is wanted of one build; an empty list of patches declares that there is nothing to do.
  package struct Build: Equatable, Sendable {
    /// Lower-case hexadecimal digits, an even number of them.
    package var buildID: String
    package var patches: [PatchEntry]
    package var declaredAt: SourceRange
  }

  /// Narrows a patch set to some processes; every given key must match.
  package struct ProcessFilter: Equatable, Sendable {
    /// User names or numbers; nil means any.
    package var users: [String]?
    /// cgroup-v2 paths or globs of them; nil means any.
    package var cgroups: [String]?
    /// Globs against argv, one for one from the first; more arguments may follow; nil means any.
    package var command: [String]?
  }

  /// How a switch is made.
  package struct Policy: Equatable, Sendable {
    /// The longest stop allowed; 100 ms where the manifest says nothing (the Carrier Grade Linux limit).
    package var maxStop: Duration
    package var consistency: Consistency
    /// How long to retry while a function is in use; 30 s where the manifest says nothing.
    package var retryFor: Duration
    /// Where `retryFor` is written, or where it would be: for the message of a busy process.
    package var declaredAt: SourceRange
  }

  /// When a switch counts as safe.
  package enum Consistency: String, CaseIterable, Sendable {
    /// No thread is inside a function that changes.
    case stackCheck = "stack-check"
    /// A call in progress may end in the old code while new calls enter the new.
    case immediate
  }
}

/// One patch that a build's list names.
package struct PatchEntry: Equatable, Sendable {
  package var name: String
  package var state: PatchState
  package var content: Content
  /// Where the entry begins.
  package var declaredAt: SourceRange

  package enum Content: Equatable, Sendable {
    /// An artifact: its path with the manifest's folder before it, and the SHA-256 (64 lower-case digits) of its content.
    case artifact(path: String, sha256: String, pathAt: SourceRange, sha256At: SourceRange)
    /// New values for variables.
    case values([ValueChange])
  }
}

/// What the administrator wants of a patch.
package enum PatchState: String, CaseIterable, Sendable {
  case active, loaded, absent
}

/// A new value for (a part of) a variable.
package struct ValueChange: Equatable, Sendable {
  /// The variable's symbol.
  package var symbol: String
  /// In bytes from the symbol.
  package var offset: UInt64
  package var type: ValueType
  /// The bytes that the place must hold before, in the target's byte order; nil for whatever it holds.
  package var expect: [UInt8]?
  /// The bytes to write, in the target's byte order; as many as the type has.
  package var set: [UInt8]
  package var declaredAt: SourceRange
}

/// The types of a value: `int8` to `uint64`, `float`, `double`, `bool`, `bytes`.
package enum ValueType: String, CaseIterable, Sendable {
  case int8, int16, int32, int64, uint8, uint16, uint32, uint64, float, double, bool, bytes
}
