/// What an artifact says of itself: the content of its `.lpatch.info` section, as JSON (docs/artifact.md).
package struct PatchInfo: Codable, Equatable, Sendable {
  /// The version of this description that the tool writes, and the newest that it reads.
  package static let currentFormatVersion = 3

  /// The version that this description was written as.
  package var formatVersion: Int
  /// The patch's name: a label of 1 to 64 of `A-Z a-z 0-9 . _ -`; the identity is the artifact's SHA-256.
  package var name: String
  /// One line for people.
  package var description: String?
  /// What it fixes, such as `CVE-2025-32023`.
  package var fixes: [String]
  /// The build that it was made for.
  package var target: Target
  /// How the replacement code was compiled.
  package var compiler: Compiler
  /// The replaced functions, by address.
  package var functions: [ReplacedFunction]
  /// Every place of the target that the replacement refers to, by symbol.
  package var targetReferences: [TargetReference]
  /// Every symbol of another library that the replacement refers to, by symbol.
  package var imports: [ImportReference]
  /// How the image's call-frame information is made known to the program's own unwinder; nil where no exception has to pass.
  ///
  /// Since format 3.
  package var registration: Registration?

  /// The artifact's symbols for that (docs/artifact.md, "Exceptions").
  package struct Registration: Codable, Equatable, Sendable {
    /// The routine that registers the records whose address it is given.
    package var register: String
    /// The one that takes that back.
    package var deregister: String
    /// The word that says how far they are, and behind it what the unwinder keeps of the records.
    package var state: String
  }

  /// The build that a patch was made for.
  package struct Target: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable {
      /// Mapped where it was linked (`ET_EXEC`).
      case fixedExecutable
      /// A position-independent executable (`ET_DYN` with an interpreter or `DF_1_PIE`).
      case executable
      /// A shared library.
      case sharedLibrary
    }
    package var buildID: BuildID
    package var kind: Kind
    /// The ELF machine; only `x86_64` today.
    package var machine: String
    /// Where the file was when the patch was built; a hint for people, never trusted.
    package var pathHint: String
    /// The library's `DT_SONAME`, when it has one.
    package var soname: String?
  }

  /// How the replacement was compiled.
  package struct Compiler: Codable, Equatable, Sendable {
    /// The first line of `--version`.
    package var version: String
    /// The flags, one for one.
    package var flags: [String]
  }
}

/// One function of the target and what takes its place.
package struct ReplacedFunction: Codable, Equatable, Sendable {
  /// The target's name for it.
  package var symbol: String
  /// Where it begins.
  package var address: LinkAddress
  /// Its size in bytes (`st_size`).
  package var size: UInt64
  /// Of its original bytes, all `size` of them.
  package var sha256: SHA256Digest
  /// The artifact's symbol that the entry is to branch to: the new function, or the stub that saves registers for it.
  package var replacement: String
  /// What happens at its entry.
  package var entry: Entry
  /// Code of the function that lies elsewhere, such as its unlikely part (`NAME.cold`): a thread there is in the function.
  ///
  /// Since format 2; nil where there is none.
  package var parts: [Part]?

  /// A piece of a function that lies apart from its beginning.
  package struct Part: Codable, Equatable, Sendable {
    /// Where it begins.
    package var address: LinkAddress
    /// Its size in bytes.
    package var size: UInt64
  }

  /// The few bytes of a replaced function that are overwritten.
  package struct Entry: Codable, Equatable, Sendable {
    /// Where the branch is written, in bytes from the function's address: 0, or 4 behind an `endbr64`.
    package var offset: UInt64
    /// The bytes that the branch overwrites, in hexadecimal: 5 for a near jump, 14 where the function has room for the
    /// absolute form.
    ///
    /// They may reach into padding behind a function that is shorter.
    package var original: HexBytes
    /// How the function still runs while it is armed.
    package var gate: Gate
    /// The absolute form, for processes that have no room for an image in reach of the near one.
    ///
    /// Since format 2; nil where the function allows the near form only, or ``original`` is of the absolute form itself.
    package var far: FarEntry?
  }

  /// What the absolute form of the branch overwrites, and the copy of it.
  package struct FarEntry: Codable, Equatable, Sendable {
    /// The 14 bytes that the branch overwrites, in hexadecimal.
    package var original: HexBytes
    /// The artifact's symbol of the moved copy, which reaches the function from anywhere.
    package var symbol: String
    /// Where each instruction is in the original and in the copy.
    package var instructions: [MovedInstruction]
    /// Whether the function branches to the place of the branch.
    package var branchesToEntry: Bool
  }

  /// How an armed function behaves as before.
  package enum Gate: Codable, Equatable, Sendable {
    /// The entry's first instructions, moved: the artifact's symbol of the moved copy, which ends in a jump behind the
    /// instructions that it stands for.
    ///
    /// - Parameters:
    ///   - symbol: the artifact's symbol of the moved copy.
    ///   - instructions: for each moved instruction its offset from the branch in the original and in the copy, so that
    ///     a thread found inside the overwritten bytes can be set to the copy.
    ///   - branchesToEntry: whether the function itself branches to the place of the branch, which is allowed under
    ///     `stack-check` and refused under `immediate`.
    case moved(symbol: String, instructions: [MovedInstruction], branchesToEntry: Bool)
    /// The instructions cannot be moved: only the direct form may be used (one function, no value, one page).
    case direct(reason: String)
  }

  /// One instruction of an entry and where its moved copy begins.
  package struct MovedInstruction: Codable, Equatable, Sendable {
    /// In bytes from the place of the branch.
    package var original: UInt64
    /// In bytes from the moved copy's symbol.
    package var moved: UInt64
  }
}

/// A place of the target that the replacement refers to.
package struct TargetReference: Codable, Equatable, Sendable {
  /// The artifact's undefined symbol: the target's name, with `@` and the address appended where two places share it.
  package var symbol: String
  /// Where it is; for a thread-local variable its offset from the thread pointer in two's complement.
  package var address: LinkAddress
  /// What it is.
  package var kind: Kind

  package enum Kind: String, Codable, Sendable {
    case function, object
    /// A thread-local variable of an executable: the address is the offset from the thread pointer.
    case threadLocal
  }
}

/// A symbol of another library that the replacement refers to; resolved in each process.
package struct ImportReference: Codable, Equatable, Sendable {
  /// The artifact's undefined symbol.
  package var symbol: String
  /// The symbol version, such as `GLIBC_2.14`; nil for the default or an unversioned library.
  package var version: String?
  /// The library's `DT_SONAME` where the builder knows it; nil to look in the target's own dependencies.
  package var library: String?
  /// Whether the symbol is weak: null when nothing defines it.
  package var weak: Bool
}

/// Bytes that JSON shows as hexadecimal digits.
package struct HexBytes: Hashable, Sendable, Codable {
  package var bytes: [UInt8]
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = [UInt8](hexadecimal: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not an even number of hexadecimal digits")
    }
    self.bytes = bytes
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes.hexadecimal)
  }
}
