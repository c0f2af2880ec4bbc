package import Patch

/// What `lpreconcile build` made.
package struct BuildReport: Equatable, Sendable {
  /// The path of the artifact that was written.
  package var artifact: String
  /// The SHA-256 of the artifact: its identity, and what the manifest pins.
  package var sha256: SHA256Digest
  /// What the artifact says of itself.
  package var info: PatchInfo
  /// A manifest to check in, as YAML text that ends in a line feed.
  package var manifest: String
  /// What the author of the patch should know, in the order of the functions.
  package var notes: [BuildNote]
}

/// Something that does not stop a build and that the author of the patch should know.
package struct BuildNote: Equatable, Sendable {
  /// The function or variable that it is about; nil when it is about the patch as a whole.
  package var symbol: String?
  package var fact: Fact

  package enum Fact: Equatable, Sendable {
    /// A function of a project that the change reaches: because of its code, or of a constant table that it reads.
    case replaced(file: String, constant: String?)
    /// The compiler printed warnings.
    case compilerWarnings(source: String, text: String)
    /// Other symbols of the target have the same address: they change together.
    case sharesItsCode(with: [String])
    /// Copies that the compiler specialised keep the old code.
    case specialisedCopies([String])
    /// Registers that callers may rely on are kept by a stub around the replacement.
    case keepsRegisters([String])
    /// The function branches back to its entry: it can be switched under `stack-check` only.
    case branchesToEntry
    /// The entry cannot be moved: the patch must stay the only change of its switch.
    case directFormOnly(reason: String)
  }

  /// The note in one sentence.
  package var message: String {
    switch fact {
    case .replaced(let file, let constant?): "is replaced: it reads \(constant) of \(file), which changed"
    case .replaced(let file, nil): "is replaced: its code in \(file) changed"
    case .compilerWarnings(let source, let text): "the compiler warns about \(source):\n\(text)"
    case .sharesItsCode(let names): "shares its code with \(names.joined(separator: ", ")), which change with it"
    case .specialisedCopies(let names):
      "the compiler made copies of it that keep the old code: \(names.joined(separator: ", "))"
    case .keepsRegisters(let names):
      "callers may rely on registers that it does not use; a stub keeps \(names.joined(separator: ", "))"
    case .branchesToEntry: "branches back to its own entry: only `consistency: stack-check` can switch it"
    case .directFormOnly(let reason): "cannot be switched together with others: \(reason)"
    }
  }
}
