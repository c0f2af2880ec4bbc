internal import Glibc

/// One call of a compiler as a build made it.
struct CompilerCall: Equatable, Sendable {
  /// The folder that it was made in.
  let folder: String
  /// The compiler's name.
  let tool: String
  let arguments: [String]
  /// The variables that change what it makes, as they were.
  var environment: [String: String] = [:]

  /// What gcc and clang look at besides their arguments (gcc(1), "Environment").
  private static let variables = ["SOURCE_DATE_EPOCH", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"]

  /// The names of compilers that are watched, each also with the machine before it and a version behind it.
  private static let tools = ["cc", "gcc", "clang", "c++", "g++", "clang++"]

  /// The script that stands in PATH before a compiler: writes the call down, and makes it.
  ///
  /// A call that could not be written down would be a file that the change reaches and nobody looks at: then the build fails.
  ///
  /// `tool`: how the script finds the compiler: as a word of the shell.
  private static func script(_ tool: String) -> String {
    """
    #!/bin/sh
    call=$(mktemp "$LPRECONCILE_CALLS/XXXXXXXXXXXX") &&
      printf '%s\\0' "$PWD" \(tool) \(variables.map { "\"${\($0)-}\"" }.joined(separator: " ")) "$@" > "$call" || exit 1
    PATH=$LPRECONCILE_PATH
    export PATH
    exec \(tool) "$@"

    """
  }

  /// Puts scripts in the place of all compilers that PATH finds, and of those that `CC` and `CXX` name by their paths; the variables
  /// with which a build runs them.
  ///
  /// `folder`: gets the scripts, and what they write down.
  /// `clean`: the tree that the build runs in; nil for the machine itself.
  static func watch(in folder: String, _ clean: CleanTree?) throws(BuildRefused) -> [String: String] {
    let tools = "\(folder)/tools"
    for path in [tools, calls(in: folder)] { try Folder.make(path) }
    let path = clean == nil ? ownVariable("PATH") ?? "/usr/bin:/bin" : CleanTree.path
    var variables = ["PATH": "\(tools):\(path)", "LPRECONCILE_PATH": path, "LPRECONCILE_CALLS": calls(in: folder)]
    let found = path.split(separator: ":").flatMap { Folder.names(in: (clean?.root ?? "") + $0) }.filter(isCompiler)
    for name in Set(found).union(CompilerCall.tools) {
      try write(script("\"${0##*/}\""), to: "\(tools)/\(name)")
    }
    for name in ["CC", "CXX"] where clean == nil {
      // A compiler, and flags perhaps.
      guard let value = ownVariable(name), value.hasPrefix("/"), let tool = value.split(separator: " ").first
      else { continue }
      try write(script("'\(tool.replacing("'", with: "'\\''"))'"), to: "\(tools)/\(name)")
      variables[name] = "\(tools)/\(name)\(value.dropFirst(tool.count))"
    }
    return variables
  }

  private static func write(_ script: String, to path: String) throws(BuildRefused) {
    try WholeFile.write(Array(script.utf8), to: path)
    // SAFETY: C gets the string for the time of the call.
    guard unsafe chmod(path, 0o755) == 0 else { throw BuildRefused(.notWritable(errno: errno), at: path) }
  }

  /// A variable of this tool's environment.
  private static func ownVariable(_ name: String) -> String? {
    // SAFETY: the environment is not changed by this tool; the text is copied at once.
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// What the folder is called that gets what the scripts write down.
  static let folderName = "calls"

  private static func calls(in folder: String) -> String { "\(folder)/\(folderName)" }

  /// Whether a name is a compiler's: `gcc`, `gcc-12`, `x86_64-linux-gnu-gcc-12`.
  static func isCompiler(_ name: String) -> Bool {
    var parts = name.split(separator: "-")[...]
    if parts.count > 1, let last = parts.last, last.allSatisfy({ $0.isNumber || $0 == "." }) { parts.removeLast() }
    guard let tool = parts.last, tools.contains(String(tool)) else { return false }
    return parts.count == 1 || parts.first == "x86_64"
  }

  /// The calls that were written down, each once, in the order of what they say.
  ///
  /// `folder`: as for ``watch(in:_:)``.
  static func read(from folder: String) throws(BuildRefused) -> [CompilerCall] {
    var calls: [CompilerCall] = []
    for name in Folder.names(in: CompilerCall.calls(in: folder)) {
      let words = try WholeFile.read("\(CompilerCall.calls(in: folder))/\(name)").split(
        separator: 0, omittingEmptySubsequences: false
      )
      .dropLast().map { String(decoding: $0, as: UTF8.self) }
      let first = 2 + variables.count
      guard words.count >= first else { continue }
      var call = CompilerCall(folder: words[0], tool: words[1], arguments: Array(words[first...]))
      for (name, value) in zip(variables, words[2..<first]) where !value.isEmpty { call.environment[name] = value }
      calls.append(call)
    }
    var seen: Set<[String]> = []
    return calls.filter { seen.insert($0.words).inserted }.sorted { $0.words.lexicographicallyPrecedes($1.words) }
  }

  private var words: [String] {
    [folder, tool] + arguments + environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
  }

  /// The source files of the call, as it names them.
  var sources: [String] {
    guard !arguments.contains("-E"), !arguments.contains("-S") else { return [] }
    return plain.filter { CompilerCall.isSource($0) && !$0.hasPrefix("-") }
  }

  /// The object file that it makes, from the root; nil where it makes none, or several.
  var object: String? {
    guard arguments.contains("-c"), sources.count == 1, let source = sources.first else { return nil }
    let named = arguments.firstIndex(of: "-o").flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    let joined = arguments.first { $0.hasPrefix("-o") && $0.count > 2 }.map { String($0.dropFirst(2)) }
    let name = WholeFile.name(of: source)
    return absolute(named ?? joined ?? name[..<(name.lastIndex(of: ".") ?? name.endIndex)] + ".o")
  }

  /// Whether it makes code that no program for x86-64 with pointers of 8 bytes has (gcc(1), "x86 Options").
  var isForOtherPointers: Bool {
    arguments.last { ["-m16", "-m32", "-mx32", "-m64"].contains($0) }.map { $0 != "-m64" } ?? false
  }

  /// Whether a file's name is that of a source in C or C++.
  static func isSource(_ name: String) -> Bool { [".c", ".cc", ".cpp", ".cxx", ".C"].contains { name.hasSuffix($0) } }

  /// What the call says of how to compile, without sources, outputs, libraries and dependency files.
  var flags: [String] {
    let sources = Set(sources)
    return plain.filter { argument in
      !sources.contains(argument) && argument != "-c"
        && !([".o", ".a", ".so", ".lo"].contains { argument.hasSuffix($0) } && !argument.hasPrefix("-"))
        && !argument.hasPrefix("-l") && !["-M", "-MM", "-MD", "-MMD", "-MP", "-MG"].contains(argument)
        && !argument.hasPrefix("-Wp,-M") && !argument.hasPrefix("-Wl,")
    }
  }

  /// The arguments without those that name a file to write.
  private var plain: [String] {
    var found: [String] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if ["-o", "-MF", "-MT", "-MQ", "-x"].contains(argument) {
        // A language goes with the flags; what is written does not.
        if argument == "-x", let language = rest.first { found += [argument, language] }
        _ = rest.popFirst()
        continue
      }
      if argument.hasPrefix("-o") && argument.count > 2 || argument.hasPrefix("-MF") && argument.count > 3 { continue }
      found.append(argument)
    }
    return found
  }

  /// What is compiled, where and how: the same for calls that make the same code.
  var compilation: [String] { [folder] + sources.map { absolute($0) } + flags }

  /// A file of the call from the root, without `.` and `..`.
  func absolute(_ path: String) -> String { SourceTree.normalized(path.hasPrefix("/") ? path : "\(folder)/\(path)") }
}
