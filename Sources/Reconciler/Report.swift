internal import LiveProcess
internal import Patch

/// What a command has to say, for JSON and for the text that is made of it (docs/json.md, schema/report-v1.schema.json).
package struct Report: Codable, Equatable, Sendable {
  package enum Kind: String, Codable, CaseIterable, Sendable {
    case validation = "Validation"
    case plan = "Plan"
    case apply = "Apply"
    case status = "Status"
    case verify = "Verify"
    case revert = "Revert"
    case error = "Error"
  }

  /// The version of the shape: the second number grows with additions, the first with anything else.
  package static let currentFormatVersion = "1.0"

  package var apiVersion = "lpreconcile/v1"
  package var kind: Kind
  package var formatVersion = Report.currentFormatVersion
  /// The tool's version.
  package var tool: String
  /// When, in UTC: `2026-11-23T19:10:19Z`.
  package var createdAt: String
  /// Of `/proc/sys/kernel/random/boot_id`.
  package var bootId: String
  /// Whether everything that was to be looked at could be looked at.
  package var complete = true
  package var exitStatus: Int32 = 0
  /// For a plan: whether it can be applied as it stands.
  package var applyable: Bool?
  /// For a plan: whether patches that no manifest lists go too.
  package var prune: Bool?
  /// For a plan: the paths that were given, none for the standard folders.
  package var paths: [String]?
  /// For a plan: the folder that relative paths are relative to.
  package var folder: String?
  package var inputs: [Input]?
  /// How many processes each word stands for, `processes` being their sum; `protected` are the converged.
  package var summary: [String: Int]
  package var coverage: [Coverage]?
  package var processes: [ProcessReport]
  package var diagnostics: [DiagnosticReport]
  /// Why applying is switched off on this machine.
  package var killSwitch: Finding?
  /// What stopped the command as a whole.
  package var error: Finding?

  /// A file that the report depends on.
  package struct Input: Codable, Hashable, Sendable {
    package var path: String
    package var sha256: String
    package init(path: String, sha256: String) {
      self.path = path
      self.sha256 = sha256
    }
  }

  /// One manifest document and how many of its processes carry what it asks for.
  package struct Coverage: Codable, Hashable, Sendable {
    package var set: String
    package var binary: String
    package var processes: Int
    package var protected: Int
  }

  /// Where this runs, for the head of every report.
  package struct Origin: Sendable {
    package var tool: String
    package var createdAt: String
    package var bootId: String
    package init(tool: String, createdAt: String, bootId: String) {
      self.tool = tool
      self.createdAt = createdAt
      self.bootId = bootId
    }
  }

  package init(_ kind: Kind, origin: Origin) {
    self.kind = kind
    tool = origin.tool
    createdAt = origin.createdAt
    bootId = origin.bootId
    summary = [:]
    processes = []
    diagnostics = []
  }
}

/// One process in a report.
package struct ProcessReport: Codable, Equatable, Sendable {
  package var pid: Int32
  package var startTime: UInt64
  /// The kernel's short name.
  package var name: String
  package var command: [String]
  package var uid: UInt32
  /// The state: before it was changed in `Plan`, `Status` and `Verify`, afterwards in `Apply` and `Revert`; absent for
  /// a process that is gone or that nothing speaks of any more.
  package var state: ProcessState?
  /// In `Apply` and `Revert`: what became of it.
  package var result: ProcessResult?
  /// The mapped file that a manifest or a patch speaks of first.
  package var binary: String?
  package var buildId: String?
  package var binaries: [Binary]
  /// The digest of what a plan for it depends on.
  package var observed: String
  package var changes: [Change]
  package var patches: [Carried]
  package var reason: Finding?
  /// Further reasons, where there are several.
  package var furtherReasons: [Finding]?
  package var stop: Stop?
  /// Where the thread is that uses a function that is to change.
  package var blocking: Blocking?
  /// How long it was retried, in seconds.
  package var waited: Double?

  package struct Binary: Codable, Hashable, Sendable {
    package var path: String
    package var buildId: String
    package var set: String?
    package var listedAt: Place?
    /// The build that lies under the path now: a restart ends the need for the patch.
    package var buildIdOnDisk: String?
  }

  package struct Place: Codable, Hashable, Sendable {
    package var file: String
    package var line: Int
    package var column: Int
  }

  package struct Change: Codable, Hashable, Sendable {
    package var patch: String
    package var sha256: String
    package var description: String?
    package var fixes: [String]?
    package var actions: [String]
    package var before: String
    package var after: String
    package var why: String
    package var declaredAt: Place?
    package var functions: [Function]?
    package var values: [Value]?
  }

  package struct Function: Codable, Hashable, Sendable {
    package var name: String
    package var address: String?
    package var size: UInt64
  }

  package struct Value: Codable, Hashable, Sendable {
    package var symbol: String
    package var size: UInt64
    package var change: String?
  }

  package struct Carried: Codable, Hashable, Sendable {
    package var patch: String
    package var sha256: String
    package var buildId: String
    package var description: String?
    package var fixes: [String]?
    package var state: String
    /// In seconds after the epoch.
    package var activatedAt: Int64?
    package var memory: UInt64
    package var places: Int
    package var drift: [Drift]?
  }

  package struct Drift: Codable, Hashable, Sendable {
    package var kind: String
    package var symbol: String
    package var address: String
    package var expected: String
    package var found: String
  }

  package struct Stop: Codable, Hashable, Sendable {
    /// The longest stop, in microseconds.
    package var longestMicroseconds: Int64?
    package var threads: Int?
    package var tries: Int
  }

  package struct Blocking: Codable, Hashable, Sendable {
    package var thread: Int32
    package var frames: [String]
  }
}

/// One diagnostic in a report.
package struct DiagnosticReport: Codable, Equatable, Sendable {
  package var severity: String
  package var code: String
  package var file: String
  package var line: Int
  package var column: Int
  package var message: String
  package var hint: String?
}
