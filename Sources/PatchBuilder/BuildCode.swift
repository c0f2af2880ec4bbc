/// The stable codes of refused builds, with what `lpreconcile explain` says of each.
package enum BuildCode: String, CaseIterable, Sendable {
  case unreadable = "LP0401"
  case notWritable = "LP0402"
  case notATarget = "LP0403"
  case noBuildID = "LP0404"
  case symbolsOfAnotherBuild = "LP0405"
  case badRequest = "LP0406"
  case toolMissing = "LP0407"
  case toolFailed = "LP0408"
  case notDefined = "LP0409"
  case artifactDamaged = "LP0410"
  case functionUnknown = "LP0411"
  case functionAmbiguous = "LP0412"
  case notAFunction = "LP0413"
  case onlySpecialisedCopies = "LP0414"
  case tooShort = "LP0415"
  case crossesPage = "LP0416"
  case branchInto = "LP0417"
  case breakpoint = "LP0418"
  case cannotMove = "LP0419"
  case symbolUnknown = "LP0421"
  case symbolAmbiguous = "LP0422"
  case threadLocal = "LP0423"
  case constructor = "LP0424"
  case relocation = "LP0425"
  case stackArguments = "LP0426"
  case wideRegisters = "LP0427"
  case exceptions = "LP0428"
  case objectUnusable = "LP0429"
  case dataChanged = "LP0430"
  case layoutChanged = "LP0431"
  case sharedCode = "LP0432"
  case nothingChanged = "LP0433"
  case diffRefused = "LP0434"
  case buildFileTouched = "LP0435"
  case buildFailed = "LP0436"
  case compileNotSeen = "LP0437"
  case notReproduced = "LP0438"
  case codeDiffers = "LP0439"
  case cacheOfOthers = "LP0440"
  case sourceUnknown = "LP0441"
  case dependenciesMissing = "LP0442"

  /// What it means and what to do, in one paragraph.
  package var explanation: String {
    switch self {
    case .unreadable:
      "A file that the build needs cannot be read. The message names it and the system's reason."
    case .notWritable:
      "The artifact cannot be written where --output says. Nothing is left there; an older file is untouched."
    case .notATarget:
      "Only x86-64 ELF executables and shared libraries (ET_EXEC, ET_DYN) can be patched: not scripts, objects, archives, core files or 32-bit programs."
    case .noBuildID:
      "The binary has no GNU build-id, so nothing could tell whether a process runs it. Link it with -Wl,--build-id."
    case .symbolsOfAnotherBuild:
      "The file with the symbols must have the binary's build-id, or be an unstripped rebuild whose loaded sections are the binary's byte for byte; else its addresses would be wrong."
    case .badRequest:
      "A patch has a name of 1 to 64 of A-Z a-z 0-9 . _ - and replaces at least one function, each named once. Its texts have no control characters and at most 4096 bytes each, because people see them on terminals."
    case .toolMissing:
      "The build runs a C compiler (gcc, or what --cc names) and GNU ld. Install them: apt-get install gcc."
    case .toolFailed:
      "The compiler, assembler or linker refused its input; its own words stand in the message."
    case .notDefined:
      "Each function named by --replace must be defined, not static, under that name in one of the --replacement files."
    case .artifactDamaged:
      "The artifact just made could not be read back: a defect of lpreconcile, or a full disk. Nothing was written. Please report it with the command line."
    case .functionUnknown:
      "The binary has no such function in its symbol tables. It may be static in a stripped binary (give --symbols), inlined everywhere, or spelt differently."
    case .functionAmbiguous:
      "Several functions have this name, such as static ones of different files. Say which: --replace name@0x1f40 or --replace file.c:name."
    case .notAFunction:
      "The symbol is a variable, a function of another library, or one that chooses its implementation when the program starts (IFUNC). Replace the function that holds the code."
    case .onlySpecialisedCopies:
      "The compiler kept only copies of the function whose arguments or results differ from the source (.isra, .constprop, .part). Replace the functions that call it instead."
    case .tooShort:
      "A branch needs five bytes. The function has fewer, and what follows it is not padding or is reached by a branch. Replace the functions that call it instead."
    case .crossesPage:
      "The five bytes of the branch lie on two pages of memory. The kernel writes such bytes in two steps, so a killed tool could leave half a branch. Replace the functions that call it instead."
    case .branchInto:
      "Some code of the binary enters the function behind its first byte but inside the bytes of the branch (a loop, a jump table, a second entry). Replace the functions that call it instead."
    case .breakpoint:
      "The file itself holds a breakpoint instruction at the function's entry, which must stay where it is."
    case .cannotMove:
      "The function's first instructions cannot run anywhere else without changing what they do, so the switch could not be whole. Replace the functions that call it instead."
    case .symbolUnknown:
      "The replacement refers to something that neither the binary nor the libraries it is linked with define. Give --symbols for static names, or bring the function in a --replacement file."
    case .symbolAmbiguous:
      "Several places of the binary have this name. Say which one the replacement means: --use name@0x1f40 or --use file.c:name."
    case .threadLocal:
      "Thread-local variables can be used where they belong to the executable itself. Those of libraries lie at another place in each process, and a replacement cannot bring new ones."
    case .constructor:
      "The replacement has code that is to run when a program starts or a library is loaded. Nothing of a patch runs by itself; initialise the data statically."
    case .relocation:
      "The compiler used a kind of reference that cannot be resolved in a running process. The message names it; other compiler flags usually avoid it."
    case .stackArguments:
      "The binary's compiler let callers of this function keep values in registers that the ABI gives to the function (gcc -fipa-ra). A stub around the replacement would keep them, but it moves the stack, and this function takes arguments there. Replace the functions that call it instead."
    case .wideRegisters:
      "Callers of this function use AVX, mask or MMX registers and may keep values in them that a stub around the replacement cannot keep. Replace the functions that call it instead."
    case .exceptions:
      "The program is written in a language with exceptions, and the replacement calls something that may throw. An exception can pass through a patch where the program's unwinder is the shared libgcc_s.so.1, which is told of the patch's call-frame information, and where the replacement has any; else the program would end in std::terminate. Replace a function that calls nothing, or one that it calls; compile the replacement without -fno-asynchronous-unwind-tables."
    case .objectUnusable:
      "An object file of the project cannot be compared with another: it is for another machine, damaged, or holds what the link-time optimiser makes code of later."
    case .dataChanged:
      "The change gives an existing variable another first value, size, alignment or kind, renames or moves it, or adds static variables among others of the same name. The running program's variables live on as they are and where they are, and so do functions that move to another file, labels whose addresses were taken, and function objects of closures, which are told apart by their order only. Such a change needs a restart, or another way to write the fix."
    case .layoutChanged:
      "The change moves members of a structure, gives it another size, gives a member or a variable another type, or renumbers the constants of an enumeration. Objects and numbers of the old kind live in the running program, and the new code would misread them; so do suspended coroutines, which would go on at another place."
    case .sharedCode:
      "The changed code is exported by the binary for other libraries of the process to share (COMDAT: an inline function, a template), or shared with another function of the same place (an alias, or two that were identical), or is a function that chooses an implementation once, at start. Replacing one copy would not be enough, or would come too late."
    case .nothingChanged:
      "The files that the change touches compile to the same code, or to code that is not in this binary. There is nothing to patch."
    case .diffRefused:
      "patch(1) must be able to apply the diff without fuzz; lines that moved as a whole are fine. Its words stand in the message."
    case .buildFileTouched:
      "The diff changes a file that says how the project is built (a Makefile, configure, CMakeLists.txt, debian/rules). What that would change in the binary cannot be told from the source."
    case .buildFailed:
      "The project's own build ended with an error. The full log is kept, and named in the message."
    case .compileNotSeen:
      "The build is watched through PATH: each compiler that is called by its name writes down its call. A file that the change touches was compiled by none of them into this binary."
    case .notReproduced:
      "A rebuild must have the binary's loaded sections, byte for byte, so that it can say where each symbol lies. The message says what differs; usually the compiler, its flags, a library's version or the path of the source."
    case .sourceUnknown:
      "With --debian the source package is that of the installed package that owns the binary, in its version. Where the archive has dropped a version, take its .dsc file and the archives beside it from the distribution's record of all versions, and give --dsc."
    case .dependenciesMissing:
      "Only root may install a clean tree of the release to build in. Without one the package is built on the machine itself, with what is installed there; the message names what it needs besides."
    case .cacheOfOthers:
      "Built sources are kept for the next change. Whoever may write there could put other source into a patch: the folder must be this user's, and writable by nobody else."
    case .codeDiffers:
      "A function as the project's own flags compile it is not the code that runs, or a static symbol cannot be told from others of its name. The message says where they part."
    }
  }
}
