internal import CElf
internal import Glibc
internal import Patch

/// Compiles the replacement files: the same inputs give the same bytes.
struct ReplacementCompiler: Sendable {
  /// The compiler's name or path.
  let tool: String
  /// The first line of `--version`.
  let version: String
  /// The tool's own flags and behind them the user's, as every file gets them.
  let flags: [String]
  private let isClang: Bool

  init(_ request: BuildRequest, for target: TargetImage) async throws(BuildRefused) {
    tool = request.compiler
    let answer = try await BuildTool.run(tool, ["--version"])
    version = answer.output.split(separator: "\n").first.map { String($0) } ?? tool
    isClang = version.contains("clang")
    flags =
      [
        "-O2",
        // The image is near the target but not near its libraries: branches go through PLT stubs of the image and all other
        // references to what the files do not define through its offset table.
        "-fPIE", isClang ? "-fno-direct-access-external-data" : "-mno-direct-extern-access",
        "-fcf-protection=\(target.tracksIndirectBranches ? "full" : "none")",
        "-fno-stack-protector",
      ] + request.flags
  }

  /// Compiles one file.
  ///
  /// `object`: the path of the object to write.
  /// `extra`: more flags, stronger than the user's.
  /// Returns the compiler's warnings.
  func compile(_ source: String, to object: String, extra: [String] = []) async throws(BuildRefused) -> String {
    try WholeFile.checkReadable(source)
    guard WholeFile.isRegular(source) ?? false else { throw BuildRefused(.sourceNotAFile, at: source) }
    let folder = source.lastIndex(of: "/").map { String(source[..<$0]) }
    // With this flag clang refers to a global function by a local label of the same place, and resolves it while it assembles:
    // nothing would be left by which the linker could tell that the function's address is taken.
    var arguments = flags.filter { $0 != "-fno-semantic-interposition" || !isClang }
    // No path of this machine in __FILE__, and nothing random in names that the compiler makes up.
    if let folder { arguments.append("-ffile-prefix-map=\(folder)/=") }
    // Nor the folder that the build runs in, which debugging information names.
    arguments.append("-ffile-prefix-map=\(WholeFile.absolute("."))=.")
    arguments += [
      "-frandom-seed=\(WholeFile.name(of: source))",
      // The joined object is linked for each process: code of the link-time optimiser could not be.
      "-fno-lto",
    ]
    do throws(BuildRefused) {
      let answer = try await BuildTool.run(tool, arguments + extra + ["-c", source, "-o", object])
      // Told so by its flags or by the file's name, it stops before or behind the object and calls that success.
      guard let made = try? ElfFile(path: object), made.machine == UInt16(EM_X86_64), made.type == UInt16(ET_REL) else {
        throw BuildRefused(.noObject(tool, output: answer.errors))
      }
      return answer.errors
    } catch {
      throw BuildRefused(
        error.refusals.map { refusal in
          var placed = refusal
          placed.place = source
          return placed
        })
    }
  }
}
