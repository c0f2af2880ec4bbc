extension PatchInfo {
  /// Describes a patch as the tool writes it today; as format 2 where nothing in it is newer, so that older tools read it.
  package init(
    name: String, description: String?, fixes: [String], target: Target, compiler: Compiler,
    functions: [ReplacedFunction], targetReferences: [TargetReference], imports: [ImportReference],
    registration: Registration? = nil
  ) {
    formatVersion = registration == nil ? 2 : 3
    self.name = name
    self.description = description
    self.fixes = fixes
    self.target = target
    self.compiler = compiler
    self.functions = functions
    self.targetReferences = targetReferences
    self.imports = imports
    self.registration = registration
  }
}

extension PatchInfo.Registration {
  /// Names the symbols of the routines and of their state.
  package init(by register: String, and deregister: String, keeping state: String) {
    self.register = register
    self.deregister = deregister
    self.state = state
  }
}

extension PatchInfo.Target {
  /// Describes an x86-64 build.
  package init(buildID: BuildID, kind: Kind, pathHint: String, soname: String?) {
    self.buildID = buildID
    self.kind = kind
    machine = "x86_64"
    self.pathHint = pathHint
    self.soname = soname
  }
}

extension PatchInfo.Compiler {
  /// Describes how the replacement was compiled.
  package init(compiler version: String, flags: [String]) {
    self.version = version
    self.flags = flags
  }
}

extension ReplacedFunction {
  /// Describes one replaced function.
  package init(
    symbol: String, at address: LinkAddress, size: UInt64, sha256: SHA256Digest, replacement: String, entry: Entry,
    parts: [Part] = []
  ) {
    self.symbol = symbol
    self.address = address
    self.size = size
    self.sha256 = sha256
    self.replacement = replacement
    self.entry = entry
    self.parts = parts.isEmpty ? nil : parts
  }
}

extension ReplacedFunction.Entry {
  /// Describes the bytes of an entry that are overwritten.
  package init(
    at offset: UInt64, original: [UInt8], gate: ReplacedFunction.Gate, far: ReplacedFunction.FarEntry? = nil
  ) {
    self.offset = offset
    self.original = HexBytes(original)
    self.gate = gate
    self.far = far
  }
}

extension ReplacedFunction.FarEntry {
  /// Describes the absolute form of an entry's branch.
  package init(
    original: [UInt8], symbol: String, instructions: [ReplacedFunction.MovedInstruction], branchesToEntry: Bool
  ) {
    self.original = HexBytes(original)
    self.symbol = symbol
    self.instructions = instructions
    self.branchesToEntry = branchesToEntry
  }
}

extension ReplacedFunction.Part {
  /// Describes a piece of a function.
  package init(at address: LinkAddress, size: UInt64) {
    self.address = address
    self.size = size
  }
}

extension ReplacedFunction.MovedInstruction {
  /// Pairs an instruction with its moved copy.
  package init(from original: UInt64, to moved: UInt64) {
    self.original = original
    self.moved = moved
  }
}

extension TargetReference {
  /// Describes a place of the target.
  package init(_ symbol: String, at address: LinkAddress, kind: Kind) {
    self.symbol = symbol
    self.address = address
    self.kind = kind
  }
}

extension ImportReference {
  /// Describes a symbol of another library.
  package init(_ symbol: String, version: String?, library: String?, weak: Bool) {
    self.symbol = symbol
    self.version = version
    self.library = library
    self.weak = weak
  }
}
