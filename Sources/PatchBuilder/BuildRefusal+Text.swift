extension BuildRefusal {
  /// The stable code of the reason.
  package var code: BuildCode {
    switch reason {
    case .unreadable: .unreadable
    case .notWritable, .outputNotAFile: .notWritable
    case .sourceNotAFile: .unreadable
    case .notATarget: .notATarget
    case .noBuildID: .noBuildID
    case .symbolsOfAnotherBuild: .symbolsOfAnotherBuild
    case .badName, .badText, .nothingToReplace: .badRequest
    case .toolMissing: .toolMissing
    case .toolFailed, .noObject: .toolFailed
    case .notDefined: .notDefined
    case .artifactDamaged: .artifactDamaged
    case .functionUnknown: .functionUnknown
    case .functionAmbiguous: .functionAmbiguous
    case .notAFunction: .notAFunction
    case .onlySpecialisedCopies: .onlySpecialisedCopies
    case .entry(let refusal): refusal.code
    case .symbolUnknown: .symbolUnknown
    case .symbolAmbiguous, .addressAmbiguous: .symbolAmbiguous
    case .threadLocalOfLibrary, .definesThreadLocal: .threadLocal
    case .definesConstructor: .constructor
    case .relocation: .relocation
    case .stackArguments: .stackArguments
    case .wideRegisters: .wideRegisters
    case .exceptions: .exceptions
    case .notAnObject: .objectUnusable
    case .staticVariables, .variableResized, .dataChanged, .variableReplaced, .alignmentRaised, .sectionChanged,
      .definitionMoved, .labelsTaken, .closuresNumbered:
      .dataChanged
    case .layoutChanged, .coroutineChanged: .layoutChanged
    case .memoryChangesHands: .memoryChangesHands
    case .resolverChanged, .sharedCode, .placeShared: .sharedCode
    case .nothingChanged: .nothingChanged
    case .diffRefused: .diffRefused
    case .buildFileTouched: .buildFileTouched
    case .sourceUnknown: .sourceUnknown
    case .dependenciesMissing: .dependenciesMissing
    case .cacheOfOthers: .cacheOfOthers
    case .buildFailed: .buildFailed
    case .compileNotSeen: .compileNotSeen
    case .notReproduced: .notReproduced
    case .codeDiffers, .localUnknown: .codeDiffers
    }
  }

  /// What is wrong, in one sentence without place, symbol and code; a tool's own words follow on lines of their own.
  package var message: String {
    switch reason {
    case .unreadable(let errno):
      errno == 0 ? "cannot be read: too large" : "cannot be read: \(SystemMessage.of(errno))"
    case .notWritable(let errno): "cannot be written: \(SystemMessage.of(errno))"
    case .outputNotAFile: "is a device, a folder or a FIFO, which the artifact would replace"
    case .sourceNotAFile: "is a folder, a device or a FIFO, not a source file"
    case .notATarget(let why): "is not an x86-64 executable or shared library: \(why)"
    case .noBuildID: "has no GNU build-id"
    case .symbolsOfAnotherBuild(let why): "belongs to another build: \(why)"
    case .badName: "is not a name for a patch"
    case .badText: "has a text with control characters, or of more than 4096 bytes"
    case .nothingToReplace: "no function to replace is named"
    case .toolMissing(let tool): "\(tool) is not installed"
    case .toolFailed(let tool, let output): "\(tool) failed:\n\(output)"
    case .noObject(let tool, let output):
      "\(tool) made no object for x86-64 of it\(output.isEmpty ? "" : ":\n\(output)")"
    case .notDefined: "is defined by no replacement file, or is static there"
    case .artifactDamaged(let why): "the artifact cannot be read back: \(why)"
    case .functionUnknown(_, let stripped):
      stripped
        ? "is no function that the binary, which is stripped, has a symbol of" : "is no function of the binary"
    case .functionAmbiguous(let candidates): "is the name of several functions: \(candidates.joined(separator: ", "))"
    case .notAFunction(let what): "is \(what)"
    case .onlySpecialisedCopies(let names):
      "exists only as copies with another signature: \(names.joined(separator: ", "))"
    case .entry(let refusal): refusal.message
    case .symbolUnknown: "is defined neither by the binary nor by the libraries it is linked with"
    case .symbolAmbiguous(let candidates): "is the name of several places: \(candidates.joined(separator: ", "))"
    case .addressAmbiguous(let candidates):
      "has its address taken, and replaces several functions: \(candidates.joined(separator: ", "))"
    case .threadLocalOfLibrary: "is a thread-local variable of a library"
    case .definesThreadLocal: "is a new thread-local variable"
    case .definesConstructor(let section): "has code that is to run at start (\(section))"
    case .relocation(let type): "is referred to in a way that cannot be resolved in a process (\(type))"
    case .stackArguments(let registers, let why):
      "callers may rely on \(registers.joined(separator: ", ")), which only a stub could keep, and \(why)"
    case .wideRegisters(let caller): "its caller \(caller) uses AVX, mask or MMX registers"
    case .exceptions(let sign, let why):
      "an exception might have to pass through it, and none could: the program may throw (\(sign)), the replacement makes calls, and \(why)"
    case .notAnObject(let why): "is no object that can be compared: \(why)"
    case .staticVariables(let before, let now):
      "is the name of \(now) static variables of functions, before of \(before): which of them live on cannot be told"
    case .variableResized(let before, let now): "has \(now) bytes, and the running program's has \(before)"
    case .dataChanged: "begins with another value, and the running program's has long begun"
    case .variableReplaced(let other): "comes where \(other) goes, whose value in the running program would be lost"
    case .alignmentRaised(let before, let now):
      "is to stand at a multiple of \(now) bytes, and the running program's does at one of \(before)"
    case .sectionChanged: "is a section with another content, which the program finds without names"
    case .definitionMoved:
      "is defined by another file of the project, now or before, and the running program's stays where it is"
    case .placeShared(let names): "has not the same place as \(names.joined(separator: ", ")) both before and now"
    case .labelsTaken: "takes the addresses of its own labels, and the running program may have kept some"
    case .layoutChanged(let how): "is laid out differently: \(how)"
    case .memoryChangesHands(let releases, let function, let acquires):
      "gives memory back otherwise than before (\(releases.joined(separator: ", "))), and \(function) gets it otherwise (\(acquires.joined(separator: ", "))): what lives may have another owner now"
    case .resolverChanged: "chooses an implementation when the program starts, and has chosen"
    case .closuresNumbered:
      "belongs to a closure of which others have the signature, and which one it was before cannot be told"
    case .coroutineChanged: "is the body of a coroutine, and those that are suspended would go on somewhere else"
    case .sharedCode: "is what several libraries of the process may have and share (COMDAT)"
    case .nothingChanged: "the change leaves all code of the binary as it is"
    case .diffRefused(let words): "does not apply:\n\(words)"
    case .buildFileTouched: "says how the project is built, and the diff changes it"
    case .sourceUnknown(let why): "cannot be fetched: \(why)"
    case .dependenciesMissing(let words): "cannot be built here, where something is missing:\n\(words)"
    case .cacheOfOthers: "keeps built sources, and others may write there"
    case .buildFailed(let log, let end): "the build failed; its log is \(log), and ends:\n\(end)"
    case .compileNotSeen: "no call of a compiler was seen that makes an object of it for the binary"
    case .notReproduced(let how): "cannot be built again from this source: \(how)"
    case .codeDiffers(let how): "is not the code that runs: \(how)"
    case .localUnknown: "is static, and where it lies in the binary is not known"
    }
  }

  /// What to do about it, in one sentence.
  package var nextStep: String {
    switch reason {
    case .unreadable: "check the path and its permissions"
    case .notWritable, .outputNotAFile: "choose another --output"
    case .sourceNotAFile: "give the path of a source file"
    case .notATarget: "give the path of the program or library itself"
    case .noBuildID: "link the binary with -Wl,--build-id, or take the distribution's own"
    case .symbolsOfAnotherBuild: "take the debug package of exactly this version, or rebuild its source unchanged"
    case .badText: "write it on one line of plain text"
    case .badName: "use 1 to 64 of A-Z a-z 0-9 . _ -"
    case .nothingToReplace: "name each function with --replace"
    case .toolMissing(let tool): BuildRefusal.installation(of: tool)
    case .toolFailed: "correct what it complains of, or give the flags it needs after --"
    case .noObject: "give a source file by its usual suffix, and leave out flags such as -E, -S and -m32"
    case .notDefined: "define it, not static (in C++ as extern \"C\"), or leave out its --replace"
    case .artifactDamaged: "report this as a defect, with the command line"
    case .functionUnknown(let similar, let stripped):
      BuildRefusal.suggestion(similar)
        ?? (stripped ? "give the symbols with --symbols" : "check the spelling; it may be inlined")
    case .functionAmbiguous(let candidates):
      "say which, such as --replace \(candidates.first ?? "name@0x1f40")"
    case .notAFunction: "replace the function that holds the code"
    case .onlySpecialisedCopies: "replace the functions that call it"
    case .entry(let refusal): refusal.nextStep
    case .symbolUnknown(let similar):
      BuildRefusal.suggestion(similar) ?? "give --symbols for static names, or define it in a replacement file"
    case .symbolAmbiguous(let candidates): "say which, such as --use \(candidates.first ?? "name@0x1f40")"
    case .addressAmbiguous: "make a patch for each of them"
    case .threadLocalOfLibrary: "call a function of the library that reads it"
    case .definesThreadLocal: "use a variable of another kind, or one of the executable"
    case .definesConstructor: "initialise the data statically"
    case .relocation: "compile without the flags that ask for it"
    case .stackArguments, .wideRegisters: "replace the functions that call it"
    case .exceptions: "write it without calls, or replace a function that it calls"
    case .notAnObject: "build without link-time optimisation"
    case .staticVariables, .variableResized, .dataChanged, .variableReplaced, .alignmentRaised, .sectionChanged:
      "write the change so that it leaves the variable alone, or restart the program"
    case .definitionMoved: "write the change so that the definition stays in its file, under its name"
    case .placeShared: "replace the functions that call it"
    case .labelsTaken, .closuresNumbered:
      "write the change so that it leaves the function alone, or restart the program"
    case .coroutineChanged: "put the change into a function that the coroutine calls, or restart the program"
    case .layoutChanged: "write the change so that it leaves the type alone, or restart the program"
    case .memoryChangesHands:
      "where nothing that the one has made can reach the other across the switch, say --accept memory-ownership; else restart the program"
    case .resolverChanged: "replace the implementation that was chosen"
    case .sharedCode: "write a replacement by hand, for each binary that has it"
    case .nothingChanged: "check that it is the right diff for the binary, which may need no patch"
    case .diffRefused: "give the diff for exactly this version of the source"
    case .buildFileTouched: "take that part out of the diff"
    case .sourceUnknown: "name the version (--debian NAME=VERSION), or give its .dsc file with --dsc"
    case .dependenciesMissing: "install it, or run this as root, which builds in a clean tree"
    case .cacheOfOthers: "name a folder of your own with --cache, or none by --cache ''"
    case .buildFailed: "give the command that builds the project with --build"
    case .compileNotSeen:
      "let the build call the compiler by its name, not by a path; or, where the program is not made of it, take it out of the diff"
    case .notReproduced: "use the source, the compiler and the flags that the binary was built with"
    case .codeDiffers: "use the compiler and the flags that the binary was built with"
    case .localUnknown: "rename the file or the symbol, or write a replacement by hand"
    }
  }

  private static func installation(of tool: String) -> String {
    switch tool {
    case "mmdebstrap", "patch": "install it: apt-get install \(tool)"
    case "dpkg-source", "dpkg-checkbuilddeps": "install it: apt-get install dpkg-dev"
    default: "install it (apt-get install gcc), or name another than \(tool) with --cc"
    }
  }

  private static func suggestion(_ similar: [String]) -> String? {
    similar.isEmpty ? nil : "perhaps you mean \(similar.joined(separator: " or "))"
  }
}
