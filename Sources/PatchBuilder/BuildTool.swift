internal import Glibc
internal import Subprocess
internal import SystemPackage

/// Runs the compiler, the assembler and the linker.
enum BuildTool {
  /// What a tool said.
  struct Answer: Sendable {
    let output: String
    let errors: String
  }

  /// The path of a tool, as a shell would find it; nil where there is none.
  ///
  /// The library would start a process for each folder of `PATH` that has not got the tool.
  private static func path(of tool: String) -> String? {
    // SAFETY: the environment is not changed by this tool, and its text is copied at once.
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/bin:/bin"
    let folders = tool.contains("/") ? [""] : path.split(separator: ":").map { "\($0)/" }
    // SAFETY: C gets the string for the time of the call.
    return folders.lazy.map { $0 + tool }.first { unsafe access($0, X_OK) == 0 && WholeFile.isRegular($0) == true }
  }

  /// Runs a tool to its end.
  ///
  /// `tool`: a name to look up in `PATH`, or a path.
  /// `keepsTime`: whether the caller's own `SOURCE_DATE_EPOCH` stays as it is.
  /// Throws a refusal with the tool's own words when it is missing or says no.
  static func run(
    _ tool: String, _ arguments: [String], keepsTime: Bool = false
  ) async throws(BuildRefused) -> Answer {
    do {
      guard let path = path(of: tool) else { throw BuildRefused(.toolMissing(tool)) }
      let result = try await Subprocess.run(
        .path(FilePath(path)), arguments: Arguments(arguments),
        // Messages in English, and no time of day in __DATE__ and __TIME__ (gcc and clang obey it).
        environment: .inherit.updating(keepsTime ? ["LC_ALL": "C"] : ["LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"]),
        output: .string(limit: 16 << 20), error: .string(limit: 16 << 20))
      let answer = Answer(output: result.standardOutput, errors: result.standardError)
      guard result.terminationStatus.isSuccess else {
        let words = [answer.errors, answer.output].filter { !$0.isEmpty }.joined(separator: "\n")
        throw BuildRefused(.toolFailed(tool, output: words.isEmpty ? "\(result.terminationStatus)" : words))
      }
      return answer
    } catch let refused as BuildRefused {
      throw refused
    } catch {
      throw BuildRefused(.toolFailed(tool, output: "\(error)"))
    }
  }
}
