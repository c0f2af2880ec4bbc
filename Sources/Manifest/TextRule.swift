/// The kinds of text in a manifest.
enum TextRule {
  case name, description, binary, buildID, sha256, artifactPath, symbol, user, cgroup, argument

  /// The longest path in bytes (`PATH_MAX` without the zero byte).
  static let longestPath = 4095

  /// Whether it is text however it is written: `1e10` and `00123` too.
  var isAlwaysText: Bool { self == .buildID || self == .sha256 }

  /// Whether a number is taken as its digits.
  var takesNumber: Bool { self == .user }

  /// Checks a text and gives it in the form that the program works with.
  func checked(_ text: String) throws(TextProblem) -> String {
    // An escape in double quotes brings in what the file itself may not hold; it would reach terminals and logs.
    let layout = self == .description || self == .argument ? "\t\n" : ""
    let wrong = text.unicodeScalars.first { scalar in
      ForbiddenCharacter.contains(scalar) || scalar.value < 0x20 && !layout.unicodeScalars.contains(scalar)
    }
    if let wrong { throw TextProblem(.badText, "the character \(ForbiddenCharacter.name(of: wrong)) in a text") }
    switch self {
    case .name: try TextRule.checkName(text)
    case .description:
      if text.isEmpty { throw TextProblem(.badText, "an empty description", hint: "leave the key out") }
      if text.unicodeScalars.count > 4096 { throw TextProblem(.badText, "more than 4096 characters") }
    case .binary: try TextRule.checkBinary(text)
    case .buildID:
      return try TextRule.digits(text, of: .badBuildID, noun: "a build-id", 2...128, "2 to 128, an even number")
    case .sha256: return try TextRule.digits(text, of: .badSHA256, noun: "a SHA-256", 64...64, "64 are needed")
    case .artifactPath: try TextRule.checkArtifact(text)
    case .symbol: try TextRule.checkSymbol(text)
    case .user: return try TextRule.checkedUser(text)
    case .cgroup: try TextRule.checkCgroup(text)
    case .argument: try TextRule.checkGlob(text, .ordinary)
    }
    return text
  }

  private static func checkName(_ text: String) throws(TextProblem) {
    if text.isEmpty { throw TextProblem(.badName, "an empty name", hint: "1 to 64 of A-Z a-z 0-9 . _ -") }
    let wrong = text.unicodeScalars.first { scalar in
      switch scalar {
      case "A"..."Z", "a"..."z", "0"..."9", ".", "_", "-": false
      default: true
      }
    }
    if let wrong {
      throw TextProblem(
        .badName, "\(quoted(String(wrong))) may not stand in a name", hint: "1 to 64 of A-Z a-z 0-9 . _ -")
    }
    let count = text.unicodeScalars.count
    if count > 64 { throw TextProblem(.badName, "a name of \(count) characters", hint: "at most 64") }
  }

  private static func checkBinary(_ text: String) throws(TextProblem) {
    guard text.hasPrefix("/") else {
      throw TextProblem(.badBinary, "\(quoted(text)) is not an absolute path", hint: "it begins with /")
    }
    if text.hasSuffix(" (deleted)") {
      throw TextProblem(
        .badBinary, "\(quoted(text)) is not the path of a binary", hint: "leave the ' (deleted)' out; it is ignored")
    }
    try checkPath(text, .badBinary)
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if let odd = parts.first(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
      let what = odd.isEmpty ? "a slash too many" : "'\(odd)'"
      throw TextProblem(.badBinary, "\(what) in the path of a binary", hint: "write it as /proc/PID/maps shows it")
    }
    try checkGlob(text, .literal)
  }

  private static func checkArtifact(_ text: String) throws(TextProblem) {
    if text.isEmpty || text.hasSuffix("/") {
      throw TextProblem(.badArtifactPath, "\(quoted(text)) is not the path of a file")
    }
    try checkPath(text, .badArtifactPath)
  }

  private static func checkPath(_ text: String, _ code: ManifestCode) throws(TextProblem) {
    if text.utf8.count > longestPath {
      throw TextProblem(code, "a path of \(text.utf8.count) bytes", hint: "at most \(longestPath)")
    }
  }

  private static func checkCgroup(_ text: String) throws(TextProblem) {
    guard text.hasPrefix("/") else {
      throw TextProblem(
        .badText, "\(quoted(text)) is not a cgroup's path",
        hint: "it begins with /, as in /proc/PID/cgroup behind '0::'")
    }
    try checkGlob(text, .literal)
  }

  private static func checkGlob(_ text: String, _ slashes: Glob.Slashes) throws(TextProblem) {
    // The kernel's limit for one argument is larger (MAX_ARG_STRLEN); nobody writes such a pattern by hand.
    if text.utf8.count > longestPath {
      throw TextProblem(.badGlob, "a pattern of \(text.utf8.count) bytes", hint: "at most \(longestPath)")
    }
    do {
      _ = try Glob(text, slashes: slashes)
    } catch {
      let message: (String, String)
      switch error {
      case .openBracket: message = ("a '[' without its ']'", "write \\[ for the character itself")
      case .trailingBackslash: message = ("a '\\' at the end", "write \\\\ for the character itself")
      case .backwardRange: message = ("a range whose end lies before its start", "write the lower character first")
      case .doubleStar: message = ("'**' stands for no more than '*'", "write one '*' for each folder")
      }
      throw TextProblem(.badGlob, "\(quoted(text)) is not a pattern: \(message.0)", hint: message.1)
    }
  }

  private static func checkSymbol(_ text: String) throws(TextProblem) {
    if text.isEmpty { throw TextProblem(.badSymbol, "an empty symbol") }
    let wrong = text.unicodeScalars.contains {
      $0.properties.isWhitespace || $0.properties.generalCategory == .control || ForbiddenCharacter.contains($0)
    }
    if wrong { throw TextProblem(.badSymbol, "\(quoted(text)) is not a symbol", hint: "it has no spaces") }
    // `server+2504` and `server[2]` are how debuggers write what has a key of its own here.
    if let plus = text.firstIndex(of: "+"), UInt64(text[text.index(after: plus)...]) != nil {
      throw TextProblem(
        .badSymbol, "\(quoted(text)) is not a symbol",
        hint: "write 'symbol: \(text[..<plus])' and 'offset: \(text[text.index(after: plus)...])'")
    }
    let count = text.utf8.count
    if count > 1024 { throw TextProblem(.badSymbol, "a symbol of \(count) bytes", hint: "at most 1024") }
  }

  private static func checkedUser(_ text: String) throws(TextProblem) -> String {
    if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), !text.isEmpty {
      // The highest number means "no user" to setuid(2).
      guard let number = UInt32(text), number < UInt32.max else {
        throw TextProblem(.badUser, "\(quoted(text)) is not the number of a user", hint: "0 to \(UInt32.max - 1)")
      }
      return String(number)
    }
    let wrong = text.unicodeScalars.contains {
      $0.properties.isWhitespace || $0 == ":" || $0 == "/" || $0.properties.generalCategory == .control
    }
    if text.isEmpty || wrong || text.utf8.count > 256 || text.hasPrefix("-") || text.hasPrefix("+") {
      throw TextProblem(.badUser, "\(quoted(text)) is not a user", hint: "a name or a number")
    }
    return text
  }

  private static func digits(
    _ text: String, of code: ManifestCode, noun: String, _ lengths: ClosedRange<Int>, _ allowed: String
  ) throws(TextProblem) -> String {
    if let wrong = text.unicodeScalars.first(where: { !isHexadecimal($0) }) {
      let prefixed = text.hasPrefix("0x") || text.hasPrefix("0X")
      throw TextProblem(
        code, "\(quoted(text)) is not \(noun): \(quoted(String(wrong))) is no hexadecimal digit",
        hint: prefixed ? "leave the 0x out" : nil)
    }
    let count = text.utf8.count
    guard lengths.contains(count), count.isMultiple(of: 2) else {
      throw TextProblem(code, "\(quoted(text)) is not \(noun): it has \(count) digits", hint: allowed)
    }
    return text.lowercased()
  }

  static func isHexadecimal(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "0"..."9", "a"..."f", "A"..."F": true
    default: false
    }
  }
}
