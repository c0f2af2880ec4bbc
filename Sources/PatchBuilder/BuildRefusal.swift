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
    /// The program throws exceptions, and one might have to pass through the replacement, which cannot be: why.
    case exceptions(sign: String, why: String)

    // A project's change.
    /// The compiler made something else than an object with code for x86-64.
    case notAnObject(why: String)
    /// The static variables of this name in functions cannot be matched: how many there were, and are.
    case staticVariables(before: Int, now: Int)
    /// A variable has another size or kind.
    case variableResized(before: UInt64, now: UInt64)
    /// A variable begins with another value, and the one in the process has its own by now.
    case dataChanged
    /// A variable comes where another one goes, which it may be under a new name.
    case variableReplaced(String)
    /// A variable is to stand at a multiple of more bytes than it does.
    case alignmentRaised(before: UInt64, now: UInt64)
    /// A section whose content is found without names.
    case sectionChanged
    /// A function or variable that another file of the project defines now, or did before.
    case definitionMoved
    /// Names that stood for one place, and now do not, or the other way round.
    case placeShared(with: [String])
    /// The function's code takes the addresses of its own labels.
    case labelsTaken
    /// Which of several closures it was before cannot be told.
    case closuresNumbered
    /// What runs in a coroutine between two suspensions.
    case coroutineChanged
    /// A type's members lie elsewhere.
    case layoutChanged(String)
    /// A function gives memory back otherwise, while another one gets it otherwise: by these names.
    case memoryChangesHands(releases: [String], function: String, acquires: [String])
    /// The function that chooses an implementation when the program starts.
    case resolverChanged
    /// Code that other objects and libraries may share (COMDAT).
    case sharedCode
    /// No code of the binary differs.
    case nothingChanged
    /// The diff cannot be applied; patch(1)'s own words.
    case diffRefused(String)
    /// The diff changes how the project is built.
    case buildFileTouched
    /// The source package, or its version, is not to be found: why.
    case sourceUnknown(String)
    /// What the source package needs to be built is not installed; dpkg-checkbuilddeps(1)'s own words.
    case dependenciesMissing(String)
    /// The cache can be written by others.
    case cacheOfOthers
    case buildFailed(log: String, end: String)
    /// No call of a compiler was seen that makes an object of a file.
    case compileNotSeen
    /// No file of the build has the binary's content; the nearest one and how it differs.
    case notReproduced(String)
    /// The function as compiled is not the one that runs.
    case codeDiffers(String)
    /// Where static variables or functions lie is not known.
    case localUnknown
  }

  package init(place: String? = nil, symbol: String? = nil, reason: Reason) {
    self.place = place
    self.symbol = symbol
    self.reason = reason
  }
}
