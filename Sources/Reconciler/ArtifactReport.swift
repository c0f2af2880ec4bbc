internal import LiveProcess
internal import Patch

/// What an artifact would change, for `inspect`.
package struct ArtifactReport: Codable, Equatable, Sendable {
  package var apiVersion = "lpreconcile/v1"
  package var kind = "Artifact"
  package var formatVersion = Report.currentFormatVersion
  package var path: String
  package var sha256: String
  package var name: String
  package var description: String?
  package var fixes: [String]
  package var buildId: String
  package var machine: String
  package var pathHint: String
  package var soname: String?
  package var compiler: String
  package var flags: [String]
  package var functions: [Function]
  package var targetReferences: [String]
  package var imports: [String]
  /// Where a process that carries it has it; nil where none was asked for.
  package var loaded: Loaded?

  /// What a debugger has to be told to see the patch in a process.
  package struct Loaded: Codable, Equatable, Sendable {
    package var pid: Int32
    package var sections: [Section]
    /// For gdb, once it has attached to the process.
    package var gdb: String

    package struct Section: Codable, Equatable, Sendable {
      package var name: String
      package var address: String
    }
  }

  package struct Function: Codable, Equatable, Sendable {
    package var symbol: String
    package var address: String
    package var size: UInt64
    package var sha256: String
    package var replacement: String
    package var entryOffset: UInt64
    package var originalBytes: String
    /// How it is switched: `gate`, or `direct` with the reason.
    package var form: String
    package var formReason: String?
    /// The 14 bytes that a branch from farther than 2 GiB overwrites; nil where the function has no room for one.
    package var farBytes: String?
    /// Code of the function that lies apart.
    package var parts: [String]?
  }

  /// Reads an artifact, and finds it in a process; a finding says why it cannot be.
  ///
  /// `pid`: a process that carries it; it is neither stopped nor written to.
  package static func read(_ path: String, in pid: Int32? = nil) -> Result<ArtifactReport, FindingError> {
    let bytes: [UInt8]
    do throws(FileAccess.Failed) {
      bytes = try FileAccess.read(path)
    } catch {
      return .failure(
        FindingError(
          Finding("LP0606", "\(path): \(SystemError.text(error.errno))", next: ["check the path and its permissions"])))
    }
    do throws(DamagedArtifact) {
      let artifact = try PatchArtifact(reading: bytes)
      var report = ArtifactReport(path: path, artifact)
      guard let pid else { return .success(report) }
      return find(artifact, path, in: ProcessID(pid)).map { loaded in
        report.loaded = loaded
        return report
      }
    } catch {
      return .failure(
        FindingError(
          Finding(
            "LP0202", "\(path) is no artifact that can be used: \(error.text)",
            next: ["build it again with lpreconcile build, or fetch it again"])))
    }
  }

  private static func find(
    _ artifact: PatchArtifact, _ path: String, in process: ProcessID
  ) -> Result<Loaded, FindingError> {
    let found: LoadedSections?
    do throws(PatchesUnreadable) { found = try LoadedSections.read(artifact, in: process) } catch {
      return .failure(FindingError(Finding.unreadable(error.reason(of: process))))
    }
    guard let found else {
      return .failure(
        FindingError(
          Finding(
            "LP0524", "process \(process) does not carry this artifact (\(artifact.id))",
            next: ["lpreconcile status shows what it carries; the artifact must be the very file that was applied"])))
    }
    return .success(
      Loaded(
        pid: process.value,
        sections: found.sections.map { Loaded.Section(name: $0.name, address: $0.address.description) },
        gdb: gdb(found.sections, path)))
  }

  /// The command that loads the artifact's symbols: every section's place, as a relocatable object has none of its own.
  private static func gdb(_ sections: [LoadedSections.Section], _ path: String) -> String {
    let file = path.hasPrefix("/") ? path : (FileAccess.workingFolder.map { "\($0)/" } ?? "") + path
    return (["add-symbol-file", file.shellQuoted] + sections.map { "-s \($0.name.shellQuoted) \($0.address)" })
      .joined(separator: " ")
  }

  private init(path: String, _ artifact: PatchArtifact) {
    let info = artifact.info
    self.path = path
    sha256 = artifact.id.description
    name = info.name
    description = info.description
    fixes = info.fixes
    buildId = info.target.buildID.description
    machine = info.target.machine
    pathHint = info.target.pathHint
    soname = info.target.soname
    compiler = info.compiler.version
    flags = info.compiler.flags
    functions = info.functions.map { function in
      var form = "gate"
      var why: String?
      switch function.entry.gate {
      case .moved(_, _, let branchesToEntry):
        if branchesToEntry { why = "branches back to its entry: `consistency: stack-check` only" }
      case .direct(let reason): (form, why) = ("direct", reason)
      }
      return Function(
        symbol: function.symbol, address: function.address.description, size: function.size,
        sha256: function.sha256.description, replacement: function.replacement, entryOffset: function.entry.offset,
        originalBytes: function.entry.original.bytes.spaced, form: form, formReason: why,
        farBytes: function.entry.far?.original.bytes.spaced,
        parts: function.parts?.map { "\($0.size) bytes at \($0.address)" })
    }
    // A gate's way back behind the branch is no use of the target by the new code.
    targetReferences = info.targetReferences.filter { !$0.symbol.hasPrefix("lpatch.at.") }
      .map { "\($0.symbol) at \($0.address)" }
    imports = info.imports.map { reference in
      reference.symbol + (reference.version.map { "@\($0)" } ?? "") + (reference.library.map { " from \($0)" } ?? "")
    }
  }
}

/// A finding that ends a command.
package struct FindingError: Error, Equatable {
  package var finding: Finding
  package init(_ finding: Finding) { self.finding = finding }
}
