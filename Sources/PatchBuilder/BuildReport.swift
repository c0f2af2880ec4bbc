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
    /// A function of a project is replaced because its code changed.
    case codeChanged(file: String)
    /// … because a constant table that it reads changed.
    case constantChanged(String, file: String)
    /// … because it calls a changed function whose entry has no room for a branch.
    case callsReplaced(String)
    /// It is `main`.
    case alwaysInUse
    /// It loops, and has no way back to its caller.
    case neverReturns
    /// A function that starts threads takes its address.
    case mayStartThreads(in: String)
    /// A function that installs signal handlers takes its address.
    case mayHandleSignals(in: String)
    /// It calls these functions of locks more, less or in another order than before.
    case locksOtherwise([String])
    /// It calls, or reads as pointers, these names of what gives memory back more, less or in another order than before.
    case releasesOtherwise([String])
    /// It gives memory back otherwise, another function gets it otherwise, and the author answers for it.
    case acceptedOwnership(of: String)
    /// It initialises these static variables of C++ when it runs for the first time.
    case initialisesOnce([String])
    /// The binary's constants differ from those of its rebuild, and so do their places: how.
    case rebuildDiffers(String)
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
    case .codeChanged(let file): "is replaced: its code in \(file) changed"
    case .constantChanged(let name, let file): "is replaced: it reads \(name) of \(file), which changed"
    case .callsReplaced(let name): "is replaced: it calls \(name), which changed and cannot be replaced itself"
    case .alwaysInUse:
      "is on the stack as long as the program runs: only `consistency: immediate` can switch it, and no call of it will come"
    case .neverReturns:
      "loops and never returns: while it runs only `consistency: immediate` can switch it, and only its next call is the new one"
    case .mayStartThreads(let name):
      "is named by \(name), which starts threads: while one of them runs it, it is in use"
    case .mayHandleSignals(let name):
      "is named by \(name), which installs signal handlers: it may run between any two instructions of the program"
    case .locksOtherwise(let names):
      "calls \(names.joined(separator: ", ")) otherwise than before: check it against threads that hold a lock in the switch"
    case .releasesOtherwise(let names):
      "calls \(names.joined(separator: ", ")) otherwise than before: check it against what was made before the switch, or with the patch before a revert, and is released after"
    case .acceptedOwnership(let name):
      "gives memory back otherwise than before, and \(name) gets it otherwise: accepted by --accept memory-ownership"
    case .initialisesOnce(let names):
      "initialises \(names.joined(separator: ", ")) once: where the running program has done so, they keep what they got"
    case .rebuildDiffers(let how): "the binary has other constants than its rebuild, and the same code: \(how)"
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
