import Glibc
import Patch
import PatchBuilder
import Testing
import VictimKit

/// A test program, its patch, and what it answers in each phase of a switch that it makes on itself (driver.c).
struct PatchedProgram {
  let folder: TemporaryDirectory
  let binary: String
  private let arguments: [String]

  /// Compiles a program with a function `cases` that prints its results.
  ///
  /// `source`: C text, or assembler text when `isAssembly`.
  /// `flags`: as for gcc; the default makes an executable that is mapped where it was linked.
  init(
    _ source: String, helper: String = "", assembly: String = "", compiler: String = "gcc",
    flags: [String] = ["-O2", "-fno-pic", "-no-pie"], isLibrary: Bool = false
  ) throws {
    folder = try TemporaryDirectory()
    let main = folder.file("program.c")
    try Self.write(source, to: main)
    var files = [main]
    if !assembly.isEmpty {
      try Self.write(assembly, to: folder.file("entries.s"))
      files.append(folder.file("entries.s"))
    }
    if !helper.isEmpty {
      try Self.write(helper, to: folder.file("helper.c"))
      files.append(folder.file("helper.c"))
    }
    binary = folder.file("program")
    let driver = Checkout.root + "/Tests/PatchBuilderTests/Programs/driver.c"
    arguments = []
    _ = try Command.output(
      [compiler] + flags + ["-Wl,--build-id", "-o", binary] + files + [driver, "-ldl"])
  }

  static func write(_ text: String, to path: String) throws {
    _ = try Command.output(["/usr/bin/tee", path], input: text)
  }

  /// Builds a patch of the program.
  func build(
    _ replacement: String, replacing functions: [String], compiler: String = "gcc", flags: [String] = [],
    symbols: String? = nil, choices: [String] = [], output: String = "fix.lpatch", binary: String? = nil
  ) async throws -> BuildReport {
    let source = folder.file("fix.c")
    try Self.write(replacement, to: source)
    return try await PatchBuild.run(
      BuildRequest(
        binary: binary ?? self.binary, symbols: symbols, sources: [source], functions: functions, choices: choices,
        name: "fix", output: folder.file(output), compiler: compiler, flags: flags))
  }

  /// The results of each phase: original, armed, committed, settled, reverted, restored.
  ///
  /// `form`: the far one puts the image where no near branch from the program reaches.
  func run(_ report: BuildReport, form: BranchForm = .near) throws -> [String: String] {
    let artifact = try PatchArtifact(reading: try Self.read(report.artifact))
    let imports = report.info.imports
    // Without randomisation a second run has the addresses of the first (personality(2), ADDR_NO_RANDOMIZE).
    let prefix = ["/usr/bin/setarch", "-R", binary]
    let first = try Command.output(prefix + ["addresses"] + imports.map(\.symbol))
    var start: UInt64 = 0
    var addresses: [String: UInt64] = [:]
    for line in first.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.first == "start", words.count == 2 { start = UInt64(words[1], radix: 16) ?? 0 }
      if words.first == "import", words.count == 3 { addresses[String(words[1])] = UInt64(words[2], radix: 16) }
    }
    let bias = report.info.target.kind == .fixedExecutable ? 0 : start
    let base = RemoteAddress((start & ~0xfff) + (form == .near ? 0x1000_0000 : 0x1000_0000_0000))
    let state = RemoteAddress((start & ~0xfff) + 0x4000_0000_00)
    let linker = PatchLinker(artifact, ledgerSize: 4096)
    let image = try linker.link(
      at: base, bias: bias, stateWord: state, bit: 0,
      imports: imports.map { reference in
        addresses[reference.symbol].flatMap { $0 == 0 ? nil : RemoteAddress($0) }
      }, form: form)
    let sites = image.functions.map { function in
      let gate = function.gateBranch?.hexadecimal ?? "-"
      return "\(String(function.place.value, radix: 16)) \(gate) \(function.directBranch.hexadecimal)\n"
    }
    try Self.write(sites.joined(), to: folder.file("sites"))
    try Self.write(image.bytes, to: folder.file("image"))
    let output = try Command.output(
      prefix + [
        folder.file("image"), String(base.value, radix: 16), String(state.value, radix: 16), folder.file("sites"),
      ])
    var phases: [String: String] = [:]
    var name = ""
    for line in output.split(separator: "\n") {
      if line.hasPrefix("== ") {
        name = String(line.dropFirst(3))
        phases[name] = ""
      } else {
        phases[name, default: ""] += line + "\n"
      }
    }
    return phases
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    // SAFETY: the stream is open from fopen to fclose, and the array has the length that fwrite gets.
    guard let stream = unsafe fopen(path, "wb") else { throw VictimTrouble("\(path): errno \(errno)") }
    let put = unsafe fwrite(bytes, 1, bytes.count, stream)
    guard unsafe fclose(stream) == 0, put == bytes.count else { throw VictimTrouble("\(path) is short") }
  }

  static func read(_ path: String) throws -> [UInt8] {
    // SAFETY: the stream is open from fopen to fclose, and the buffer has the length that fread gets.
    guard let stream = unsafe fopen(path, "rb") else { throw VictimTrouble("\(path): errno \(errno)") }
    var bytes = [UInt8](repeating: 0, count: 64 << 20)
    let got = unsafe fread(&bytes, 1, bytes.count, stream)
    _ = unsafe fclose(stream)
    return Array(bytes[..<got])
  }
}
