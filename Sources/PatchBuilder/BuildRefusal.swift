/// One reason why a patch is not built.
package struct BuildRefusal: Error, Equatable, Sendable {
  /// The file that it is about; nil when it is about the request.
  package var place: String?
  /// The function or variable that it is about; nil when it is about a file as a whole.
  package var symbol: String?
  package var reason: Reason

  package enum Reason: Equatable, Sendable {
    // The request and its files.
    /// A file could not be read: the errno value, or 0 for one that is larger than the tool reads.
    case unreadable(errno: Int32)
    case notWritable(errno: Int32)
    /// The artifact would take the place of a device, a folder or a FIFO.
    case outputNotAFile
    /// A replacement file is a folder, a device or a FIFO.
    case sourceNotAFile
    /// Not an x86-64 ELF executable or shared library.
    case notATarget(why: String)
    case noBuildID
    /// The file with the symbols belongs to another build.
    case symbolsOfAnotherBuild(why: String)
    case badName
    /// A text of the request has control characters or is too long.
    case badText
    case nothingToReplace

    // The compiler's tools.
    case toolMissing(String)
    /// A tool failed; its own words.
    case toolFailed(String, output: String)
    /// The compiler says that all is well and has made no object for x86-64; its own words.
    case noObject(String, output: String)
    /// No source defines the function that is to be replaced.
    case notDefined
    /// What was written cannot be read back: a defect of this tool.
    case artifactDamaged(String)

    // The function in the target.
    case functionUnknown(similar: [String], stripped: Bool)
    case functionAmbiguous(candidates: [String])
    case notAFunction(is: String)
    /// Only copies with another signature are left of it.
    case onlySpecialisedCopies([String])
    case entry(EntryRefusal)

    // What the replacement refers to.
    case symbolUnknown(similar: [String])
    case symbolAmbiguous(candidates: [String])
    /// The replacement takes the address of a function that it replaces at several places.
    case addressAmbiguous(candidates: [String])
    case threadLocalOfLibrary
    case definesThreadLocal
    case definesConstructor(section: String)
    case relocation(type: String)

    // What callers know.
    /// Callers rely on registers that only a stub can keep, and the replacement takes arguments on the stack.
    case stackArguments(registers: [String], why: String)
    /// Callers use AVX, mask or MMX registers, which a stub does not keep.
    case wideRegisters(caller: String)
    /// The program throws exceptions, and one might have to pass through the replacement.
    case exceptions(sign: String)
  }

  package init(place: String? = nil, symbol: String? = nil, reason: Reason) {
    self.place = place
    self.symbol = symbol
    self.reason = reason
  }
}
