internal import Glibc
internal import Subprocess

/// Runs the compiler, the assembler and the linker.
enum BuildTool {
  /// What a tool said.
  struct Answer: Sendable {
    let output: String
    let errors: String
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
      let isPath = tool.contains("/")
      if isPath {
        // SAFETY: the path is a Swift string, which C gets for the time of the call.
        guard unsafe access(tool, X_OK) == 0 else { throw BuildRefused(.toolMissing(tool)) }
      }
      // env(1) takes a path as it is, so that no type for paths is needed here.
      let result = try await Subprocess.run(
        .name(isPath ? "env" : tool), arguments: Arguments(isPath ? [tool] + arguments : arguments),
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
    } catch let error as SubprocessError {
      guard error.code == .executableNotFound else {
        throw BuildRefused(.toolFailed(tool, output: "\(error)"))
      }
      throw BuildRefused(.toolMissing(tool))
    } catch {
      throw BuildRefused(.toolFailed(tool, output: "\(error)"))
    }
  }
}
