extension PatchInfo {
  /// Checks everything that the description says by itself; what it says about the object is checked against that.
  func check() throws(DamagedArtifact) {
    try PatchInfo.checkName(name)
    try PatchInfo.checkText(description ?? "", "info.description")
    try PatchInfo.checkTexts(fixes, "info.fixes")
    guard target.machine == "x86_64" else {
      throw DamagedArtifact(.unsupported, field: "info.target.machine", found: target.machine, allowed: "x86_64")
    }
    try PatchInfo.checkText(target.pathHint, "info.target.pathHint")
    try PatchInfo.checkText(target.soname ?? "", "info.target.soname")
    try PatchInfo.checkText(compiler.version, "info.compiler.version")
    try PatchInfo.checkTexts(compiler.flags, "info.compiler.flags")
    guard (1...PatchLimits.functions).contains(functions.count) else {
      throw DamagedArtifact(
        field: "info.functions", found: "\(functions.count)", allowed: "1 to \(PatchLimits.functions) functions")
    }
    var end: UInt64 = 0
    for (index, function) in functions.enumerated() {
      let field = "info.functions[\(index)]"
      try function.check(field)
      guard index == 0 || function.address.value >= end else {
        throw DamagedArtifact(
          field: "\(field).address", found: "\(function.address)",
          allowed: "functions by address that do not overlap: not below \(LinkAddress(end))")
      }
      let overwritten = function.entry.far?.original.bytes.count ?? function.entry.original.bytes.count
      end = function.address.value + max(function.size, function.entry.offset + UInt64(overwritten))
      guard formatVersion > 1 || function.entry.far == nil && function.parts == nil else {
        throw DamagedArtifact(
          field: field, found: "a member of format 2", allowed: "members of format \(formatVersion)")
      }
    }
    if let registration {
      guard formatVersion > 2 else {
        throw DamagedArtifact(
          field: "info.registration", found: "a member of format 3", allowed: "members of format \(formatVersion)")
      }
      try PatchInfo.checkSymbol(registration.register, "info.registration.register")
      try PatchInfo.checkSymbol(registration.deregister, "info.registration.deregister")
      try PatchInfo.checkSymbol(registration.state, "info.registration.state")
    }
    try checkReferences()
  }

  private func checkReferences() throws(DamagedArtifact) {
    var names: Set<String> = []
    for (index, reference) in targetReferences.enumerated() {
      let field = "info.targetReferences[\(index)]"
      try PatchInfo.checkSymbol(reference.symbol, "\(field).symbol")
      guard names.insert(reference.symbol).inserted else {
        throw DamagedArtifact(
          field: "\(field).symbol", found: "\(reference.symbol), which is listed twice", allowed: "each symbol once")
      }
      switch reference.kind {
      case .function, .object:
        guard reference.address.value < PatchLimits.addressEnd else {
          throw DamagedArtifact(
            field: "\(field).address", found: "\(reference.address)",
            allowed: "below \(LinkAddress(PatchLimits.addressEnd))")
        }
      case .threadLocal:
        guard target.kind != .sharedLibrary else {
          throw DamagedArtifact(
            .unsupported, field: "\(field).kind", found: "a thread-local variable of a shared library",
            allowed: "thread-local variables of executables")
        }
        guard Int32(exactly: Int64(bitPattern: reference.address.value)) != nil else {
          throw DamagedArtifact(
            field: "\(field).address", found: "\(reference.address)",
            allowed: "an offset from the thread pointer of 32 bits, in two's complement of 64")
        }
      }
    }
    for (index, reference) in imports.enumerated() {
      let field = "info.imports[\(index)]"
      try PatchInfo.checkSymbol(reference.symbol, "\(field).symbol")
      try PatchInfo.checkText(reference.version ?? "", "\(field).version")
      try PatchInfo.checkText(reference.library ?? "", "\(field).library")
    }
  }

  private static func checkName(_ name: String) throws(DamagedArtifact) {
    let isAllowed = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isAllowed, (1...PatchLimits.patchName).contains(name.utf8.count) else {
      throw DamagedArtifact(
        field: "info.name", found: String(name.prefix(100)).debugDescription,
        allowed: "1 to \(PatchLimits.patchName) of A-Z a-z 0-9 . _ -")
    }
  }

  /// A text that people see on a terminal: no control characters, of a bounded length.
  fileprivate static func checkText(_ text: String, _ field: String) throws(DamagedArtifact) {
    guard text.utf8.count <= PatchLimits.text,
      text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    else {
      throw DamagedArtifact(
        field: field, found: String(text.prefix(100)).debugDescription,
        allowed: "at most \(PatchLimits.text) bytes without control characters")
    }
  }

  private static func checkTexts(_ texts: [String], _ field: String) throws(DamagedArtifact) {
    guard texts.count <= PatchLimits.texts else {
      throw DamagedArtifact(field: field, found: "\(texts.count)", allowed: "at most \(PatchLimits.texts)")
    }
    for (index, text) in texts.enumerated() { try checkText(text, "\(field)[\(index)]") }
  }

  /// A symbol's name: not empty, as long as the object's symbols may be.
  fileprivate static func checkSymbol(_ symbol: String, _ field: String) throws(DamagedArtifact) {
    guard !symbol.isEmpty else { throw DamagedArtifact(field: field, found: "nothing", allowed: "a symbol's name") }
    try checkText(symbol, field)
  }
}

extension ReplacedFunction {
  /// Checks one function by itself.
  fileprivate func check(_ field: String) throws(DamagedArtifact) {
    try PatchInfo.checkSymbol(symbol, "\(field).symbol")
    try PatchInfo.checkSymbol(replacement, "\(field).replacement")
    guard address.value < PatchLimits.addressEnd, size > 0, size < PatchLimits.addressEnd - address.value else {
      throw DamagedArtifact(
        field: "\(field).size", found: "\(size) bytes at \(address)",
        allowed: "at least 1 byte, below \(LinkAddress(PatchLimits.addressEnd))")
    }
    guard entry.offset == 0 || entry.offset == 4, entry.offset < size else {
      throw DamagedArtifact(
        field: "\(field).entry.offset", found: "\(entry.offset)",
        allowed: "0, or 4 behind an endbr64, within the \(size) bytes")
    }
    // Beyond the function only padding can be, and that is less than the 16 bytes that functions are aligned to.
    let length = entry.original.bytes.count
    guard length == X86_64Branch.nearLength || length == X86_64Branch.absoluteLength else {
      throw DamagedArtifact(
        field: "\(field).entry.original", found: "\(length) bytes",
        allowed: "\(X86_64Branch.nearLength) or \(X86_64Branch.absoluteLength), the length of a branch")
    }
    switch entry.gate {
    case .direct(let reason):
      try PatchInfo.checkText(reason, "\(field).entry.gate.reason")
    case .moved(let symbol, let instructions, _):
      try PatchInfo.checkSymbol(symbol, "\(field).entry.gate.symbol")
      try check(instructions, below: length, "\(field).entry.gate.instructions")
    }
    if let far = entry.far { try check(far, "\(field).entry.far") }
    try checkParts("\(field).parts")
  }

  private func check(_ far: FarEntry, _ field: String) throws(DamagedArtifact) {
    guard case .moved = entry.gate else {
      throw DamagedArtifact(field: field, found: "beside a direct form", allowed: "beside a gate")
    }
    let original = far.original.bytes
    guard entry.original.bytes.count == X86_64Branch.nearLength, original.count == X86_64Branch.absoluteLength,
      original.starts(with: entry.original.bytes)
    else {
      throw DamagedArtifact(
        field: "\(field).original", found: original.hexadecimal,
        allowed: "\(X86_64Branch.absoluteLength) bytes that begin with the \(X86_64Branch.nearLength) of the near form")
    }
    try PatchInfo.checkSymbol(far.symbol, "\(field).symbol")
    try check(far.instructions, below: original.count, "\(field).instructions")
  }

  /// Checks where instructions are in the entry and in the copy.
  private func check(
    _ instructions: [MovedInstruction], below length: Int, _ table: String
  ) throws(DamagedArtifact) {
    guard let first = instructions.first, first.original == 0, first.moved == 0 else {
      throw DamagedArtifact(field: table, found: "no instruction at 0", allowed: "the first at 0 in both")
    }
    for (index, pair) in zip(instructions, instructions.dropFirst()).enumerated() {
      guard pair.0.original < pair.1.original, pair.0.moved < pair.1.moved, pair.1.original < length else {
        throw DamagedArtifact(
          field: "\(table)[\(index + 1)]", found: "\(pair.1.original) moved to \(pair.1.moved)",
          allowed: "rising in both, and below \(length) in the original")
      }
    }
  }

  private func checkParts(_ field: String) throws(DamagedArtifact) {
    guard let parts else { return }
    guard (1...PatchLimits.parts).contains(parts.count) else {
      throw DamagedArtifact(field: field, found: "\(parts.count)", allowed: "1 to \(PatchLimits.parts), or absent")
    }
    for (index, part) in parts.enumerated() {
      guard part.address.value < PatchLimits.addressEnd, part.size > 0,
        part.size < PatchLimits.addressEnd - part.address.value
      else {
        throw DamagedArtifact(
          field: "\(field)[\(index)]", found: "\(part.size) bytes at \(part.address)",
          allowed: "at least 1 byte, below \(LinkAddress(PatchLimits.addressEnd))")
      }
    }
  }
}
