// What `lpreconcile explain` says of each code of `build`.
extension BuildCode {
  var texts: (title: String, explanation: String, nextStep: String) {
    switch self {
    case .unreadable:
      (
        "a file cannot be read",
        "A file that the build needs cannot be read. The message names it and the system's reason.",
        "Put the file there, or let this user read it."
      )
    case .notWritable:
      (
        "the artifact cannot be written",
        "The artifact cannot be written where --output says. Nothing is left there; an older file is untouched.",
        "Name another place, or make room there."
      )
    case .notATarget:
      (
        "not a file that can be patched",
        "Only x86-64 ELF executables and shared libraries (ET_EXEC, ET_DYN) can be patched: not scripts, objects, archives, core files or 32-bit programs.",
        "Name the file that processes map: `ls -l /proc/PID/exe`, or a library in `/proc/PID/maps`."
      )
    case .noBuildID:
      (
        "a binary without a build-id",
        "The binary has no GNU build-id, so nothing could tell whether a process runs it.",
        "Link it with -Wl,--build-id."
      )
    case .symbolsOfAnotherBuild:
      (
        "symbols of another build",
        "The file with the symbols must have the binary's build-id, or be an unstripped rebuild whose loaded sections are the binary's byte for byte; else its addresses would be wrong.",
        "Give the debug file of this very build, or `--debian PACKAGE` or `--source` to have it rebuilt."
      )
    case .badRequest:
      (
        "a name or a text that no patch can have",
        "A patch has a name of 1 to 64 of A-Z a-z 0-9 . _ - and replaces at least one function, each named once. Its texts have no control characters and at most 4096 bytes each, because people see them on terminals.",
        "Change what the message names."
      )
    case .toolMissing:
      (
        "a tool is not installed",
        "The build runs a C compiler (gcc, or what --cc names) and GNU ld.",
        "Install what the message names: apt-get install gcc."
      )
    case .toolFailed:
      (
        "a tool refused its input",
        "The compiler, assembler or linker refused its input; its own words stand in the message.",
        "Correct the replacement, or the flags behind `--`."
      )
    case .notDefined:
      (
        "a function that no replacement defines",
        "Each function named by --replace must be defined, not static, under that name in one of the --replacement files.",
        "Define it there under the same name, without `static`."
      )
    case .artifactDamaged:
      (
        "the new artifact cannot be read back",
        "The artifact just made could not be read back: a defect of lpreconcile, or a full disk. Nothing was written.",
        "Look for room on the disk; else report it with the command line."
      )
    case .functionUnknown:
      (
        "a function that the binary does not have",
        "The binary has no such function in its symbol tables. It may be static in a stripped binary, inlined everywhere, or spelt differently.",
        "Give --symbols for a stripped binary, or replace the functions that it is inlined into."
      )
    case .functionAmbiguous:
      (
        "several functions of one name",
        "Several functions have this name, such as static ones of different files.",
        "Say which: --replace name@0x1f40 or --replace file.c:name."
      )
    case .notAFunction:
      (
        "not a function of the binary",
        "The symbol is a variable, a function of another library, or one that chooses its implementation when the program starts (IFUNC).",
        "Replace the function that holds the code, in the file that defines it."
      )
    case .onlySpecialisedCopies:
      (
        "only copies with other arguments exist",
        "The compiler kept only copies of the function whose arguments or results differ from the source (.isra, .constprop, .part).",
        "Replace the functions that call it instead."
      )
    case .tooShort:
      (
        "a function too short for the branch",
        "A branch needs five bytes. The function has fewer, and what follows it is not padding or is reached by a branch.",
        "Replace the functions that call it instead."
      )
    case .crossesPage:
      (
        "an entry that lies on two pages",
        "The five bytes of the branch lie on two pages of memory. The kernel writes such bytes in two steps, so a killed tool could leave half a branch.",
        "Replace the functions that call it instead."
      )
    case .branchInto:
      (
        "code that enters behind the first byte",
        "Some code of the binary enters the function behind its first byte but inside the bytes of the branch (a loop, a jump table, a second entry).",
        "Replace the functions that call it instead."
      )
    case .breakpoint:
      (
        "a breakpoint in the file",
        "The file itself holds a breakpoint instruction at the function's entry, which must stay where it is.",
        "Replace the functions that call it instead."
      )
    case .cannotMove:
      (
        "an entry whose instructions cannot move",
        "The function's first instructions cannot run anywhere else without changing what they do, so the switch could not be whole.",
        "Replace the functions that call it instead."
      )
    case .symbolUnknown:
      (
        "a symbol that nothing defines",
        "The replacement refers to something that neither the binary nor the libraries it is linked with define.",
        "Give --symbols for static names, or bring the function in a --replacement file."
      )
    case .symbolAmbiguous:
      (
        "several places of one name",
        "Several places of the binary have the name that the replacement refers to.",
        "Say which one it means: --use name@0x1f40 or --use file.c:name."
      )
    case .threadLocal:
      (
        "a thread-local variable out of reach",
        "Thread-local variables can be used where they belong to the executable itself. Those of libraries lie at another place in each process, and a replacement cannot bring new ones.",
        "Reach it through a function of the library, such as `__errno_location`; keep new state elsewhere."
      )
    case .constructor:
      (
        "code that is to run by itself",
        "The replacement has code that is to run when a program starts or a library is loaded. Nothing of a patch runs by itself.",
        "Initialise the data statically."
      )
    case .relocation:
      (
        "a reference that cannot be resolved",
        "The compiler used a kind of reference that cannot be resolved in a running process. The message names it.",
        "Compile with other flags; -fPIE without a large code model usually avoids it."
      )
    case .stackArguments:
      (
        "a stub cannot stand before arguments on the stack",
        "The binary's compiler let callers of this function keep values in registers that the ABI gives to the function (gcc -fipa-ra). A stub around the replacement would keep them, but it moves the stack, and this function takes arguments there.",
        "Replace the functions that call it instead."
      )
    case .wideRegisters:
      (
        "registers that a stub cannot keep",
        "Callers of this function use AVX, mask or MMX registers and may keep values in them that a stub around the replacement cannot keep.",
        "Replace the functions that call it instead."
      )
    case .exceptions:
      (
        "exceptions that could not pass",
        "The program is written in a language with exceptions, and the replacement calls something that may throw. An exception can pass through a patch where the program's unwinder is the shared libgcc_s.so.1, which is told of the patch's call-frame information, and where the replacement has any; else the program would end in std::terminate.",
        "Replace a function that calls nothing that throws, or compile the replacement without -fno-asynchronous-unwind-tables."
      )
    case .objectUnusable:
      (
        "an object file that cannot be compared",
        "An object file of the project cannot be compared with another: it is for another machine, damaged, or holds what the link-time optimiser makes code of later.",
        "Build without -flto where the running binary was; code of the link-time optimiser cannot be patched from a diff."
      )
    case .dataChanged:
      (
        "existing data would have to change",
        "The change gives an existing variable another first value, size, alignment or kind, renames or moves it, or adds static variables among others of the same name. The running program's variables live on as they are and where they are, and so do functions that move to another file, labels whose addresses were taken, and function objects of closures, which are told apart by their order only.",
        "Write the fix so that it leaves them as they are, or give a value by the manifest's `values:`; else it needs a restart."
      )
    case .layoutChanged:
      (
        "living objects have the old layout",
        "The change moves members of a structure, gives it another size, gives a member or a variable another type, or renumbers the constants of an enumeration. Objects and numbers of the old kind live in the running program, and the new code would misread them; so do suspended coroutines, which would go on at another place.",
        "Keep the layout and put what is new into a side table; else it needs a restart."
      )
    case .sharedCode:
      (
        "code that is shared, or chosen at start",
        "The changed code is exported by the binary for other libraries of the process to share (COMDAT: an inline function, a template), or shared with another function of the same place (an alias, or two that were identical), or is a function that chooses an implementation once, at start. Replacing one copy would not be enough, or would come too late.",
        "Write the fix in the functions that use it; else it needs a restart."
      )
    case .nothingChanged:
      (
        "nothing to patch",
        "The files that the change touches compile to the same code, or to code that is not in this binary.",
        "Look whether the diff is for this version, and for what this binary is built from."
      )
    case .diffRefused:
      (
        "a diff that does not apply",
        "patch(1) must be able to apply the diff without fuzz; lines that moved as a whole are fine. Its words stand in the message.",
        "Make the diff against the source that the binary was built from."
      )
    case .buildFileTouched:
      (
        "a diff that changes how the project is built",
        "The diff changes a file that says how the project is built (a Makefile, configure, CMakeLists.txt, debian/rules). What that would change in the binary cannot be told from the source.",
        "Leave that file out of the diff where the fix does not need it; else it needs a restart."
      )
    case .buildFailed:
      (
        "the project's build failed",
        "The project's own build ended with an error. The full log is kept, and named in the message.",
        "Read the end of the log; most often a build dependency is missing."
      )
    case .compileNotSeen:
      (
        "a file that no compiler call made",
        "The build is watched through PATH: each compiler that is called by its name writes down its call. A file that the change touches was compiled by none of them into this binary.",
        "Let --build compile everything anew, by compilers that are found through PATH."
      )
    case .notReproduced:
      (
        "the rebuild is not the binary",
        "A rebuild must have the binary's loaded sections, byte for byte, so that it can say where each symbol lies. The message says what differs; usually the compiler, its flags, a library's version or the path of the source.",
        "Build with what the binary was built with; for a distribution's binary, --debian does."
      )
    case .codeDiffers:
      (
        "the source is not the code that runs",
        "A function as the project's own flags compile it is not the code that runs, or a static symbol cannot be told from others of its name. The message says where they part.",
        "Give the source, the compiler and the flags that the binary was built with."
      )
    case .cacheOfOthers:
      (
        "a cache that others can write to",
        "Built sources are kept for the next change. Whoever may write there could put other source into a patch: the folder must be this user's, and writable by nobody else.",
        "Remove the folder, or name another one by XDG_CACHE_HOME."
      )
    case .sourceUnknown:
      (
        "a source package that is not found",
        "With --debian the source package is that of the installed package that owns the binary, in its version.",
        "Where the archive has dropped the version, take its .dsc file and the archives beside it from the distribution's record of all versions, and give --dsc."
      )
    case .dependenciesMissing:
      (
        "build dependencies that may not be installed",
        "Only root may install a clean tree of the release to build in. Without one the package is built on the machine itself, with what is installed there; the message names what it needs besides.",
        "Install what the message names, or run the build as root."
      )
    case .memoryChangesHands:
      (
        "memory may change hands",
        "One replaced function gets memory otherwise than before, and another one of the same file gives it back otherwise. What lives in the running program was made by the old code, and after a revert by the new; where the owner is another one now, it is freed twice, never, or while it is in use. The names of what is called say so, nothing proves it.",
        "Find out whether anything that the one has made can reach the other across the switch. Where it cannot, say `--accept memory-ownership`."
      )
    }
  }
}
