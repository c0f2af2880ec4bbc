/// The table of a manifest's keys: the checker, the JSON Schema and the messages all read it.
enum ManifestShape {
  /// The `apiVersion` that this program reads.
  static let apiVersion = "lpreconcile/v1"
  /// The `kind` that this program reads.
  static let kind = "PatchSet"
  /// No variable reaches further: user space of x86-64 has 47 bits.
  static let largestOffset: UInt64 = 1 << 47 - 1

  static let document = RecordShape(
    noun: "a manifest",
    keys: [
      KeyShape(
        name: "apiVersion", shape: .constant(apiVersion, .unknownVersion), isRequired: true,
        description: "The version of the manifest's format.", example: apiVersion),
      KeyShape(
        name: "kind", shape: .constant(kind, .unknownVersion), isRequired: true, description: "What this document is.",
        example: kind),
      KeyShape(
        name: "metadata", shape: .record(metadata), isRequired: true, description: "The name of the patch set."),
      KeyShape(
        name: "spec", shape: .record(spec), isRequired: true,
        description: "Which processes are meant, and which patches they are to carry."),
    ])

  static let metadata = RecordShape(
    noun: "'metadata'",
    keys: [
      KeyShape(
        name: "name", shape: .text(.name), isRequired: true,
        description: "The patch set's name in reports: 1 to 64 of A-Z a-z 0-9 . _ -", example: "redis-server"),
      KeyShape(name: "description", shape: .text(.description), description: "Why, for people."),
    ])

  static let spec = RecordShape(
    noun: "'spec'",
    keys: [
      KeyShape(
        name: "binary", shape: .text(.binary), isRequired: true,
        description:
          "The absolute path, or a pattern of paths, of the mapped executable or shared library, in the process's own mount namespace; symbolic links are followed there.",
        example: "/usr/bin/redis-server"),
      KeyShape(
        name: "builds", shape: .list(.record(build), minimum: 1), isRequired: true,
        description: "The builds of the binary, each with the complete list of its patches."),
      KeyShape(
        name: "unknownBuilds",
        shape: .choice(
          noun: "a way to treat unknown builds", words: PatchSet.UnknownBuilds.allCases.map(\.rawValue),
          default: PatchSet.UnknownBuilds.report.rawValue),
        description: "What to do about a process of the binary whose build is not listed."),
      KeyShape(
        name: "processes", shape: .record(processes),
        description: "Narrows the patch set to some processes; all keys that are given must match."),
      KeyShape(name: "policy", shape: .record(policy), description: "How a switch is made."),
    ])

  static let build = RecordShape(
    noun: "a build",
    keys: [
      KeyShape(
        name: "buildId", shape: .text(.buildID), isRequired: true,
        description: "The GNU build-id in hexadecimal digits; always text, quoted or not.",
        example: "0ba9a5c1d809b1cd700507b0b965045153efcaf7"),
      KeyShape(
        name: "patches", shape: .list(.record(patch), minimum: 0), isRequired: true,
        description:
          "The complete list of the build's patches: what a process carries and the list lacks is reverted and unloaded. [] declares that there is nothing to do.",
        example: "[]"),
    ])

  static let patch = RecordShape(
    noun: "a patch",
    keys: [
      KeyShape(
        name: "name", shape: .text(.name), isRequired: true,
        description: "The patch's name in reports: 1 to 64 of A-Z a-z 0-9 . _ -", example: "cve-2025-32023"),
      KeyShape(
        name: "artifact", shape: .text(.artifactPath),
        description: "The .lpatch file, absolute or relative to the manifest's folder."),
      KeyShape(
        name: "sha256", shape: .text(.sha256),
        description: "The SHA-256 of the artifact in 64 hexadecimal digits; always text, quoted or not.",
        example: "(what sha256sum prints)"),
      KeyShape(
        name: "values", shape: .list(.record(value), minimum: 1),
        description: "New values for variables, in place of an artifact."),
      KeyShape(
        name: "state",
        shape: .choice(
          noun: "a state", words: PatchState.allCases.map(\.rawValue), default: PatchState.active.rawValue),
        description: "active: in effect. loaded: in memory, without effect. absent: not there."),
    ],
    alternatives: [["artifact", "sha256"], ["values"]])

  static let value = RecordShape(
    noun: "a value",
    keys: [
      KeyShape(
        name: "symbol", shape: .text(.symbol), isRequired: true, description: "The variable's symbol.",
        example: "server"),
      KeyShape(
        name: "offset", shape: .integer(0...largestOffset, default: 0), description: "In bytes from the symbol."),
      KeyShape(
        name: "type",
        shape: .choice(noun: "a type", words: ValueType.allCases.map(\.rawValue), default: nil), isRequired: true,
        description: "How the bytes are to be read.", example: "int32"),
      KeyShape(name: "set", shape: .valueOfType, isRequired: true, description: "What to write.", example: "0"),
      KeyShape(
        name: "expect", shape: .valueOfType,
        description: "What must be there before; where it is not, nothing is changed and the process is reported."),
    ])

  static let processes = RecordShape(
    noun: "'processes'",
    keys: [
      KeyShape(
        name: "users", shape: .list(.text(.user), minimum: 1), description: "Names or numbers of effective users."),
      KeyShape(
        name: "cgroups", shape: .list(.text(.cgroup), minimum: 1),
        description: "cgroup-v2 paths or patterns of them; no wildcard stands for a slash."),
      KeyShape(
        name: "command", shape: .list(.text(.argument), minimum: 1),
        description: "Patterns of the command's arguments, one for one from the first; more arguments may follow."),
    ])

  static let policy = RecordShape(
    noun: "'policy'",
    keys: [
      KeyShape(
        name: "maxStop",
        shape: .duration(
          DurationRange(
            shortest: WrittenDuration(1, "us"), longest: WrittenDuration(10, "s"), default: WrittenDuration(100, "ms"))),
        description: "The longest stop of the process that is allowed; over it nothing is changed."),
      KeyShape(
        name: "consistency",
        shape: .choice(
          noun: "a consistency", words: PatchSet.Consistency.allCases.map(\.rawValue),
          default: PatchSet.Consistency.stackCheck.rawValue),
        description:
          "stack-check: no thread is inside a function that changes. immediate: a call in progress may end in the old code."
      ),
      KeyShape(
        name: "retryFor",
        shape: .duration(
          DurationRange(
            shortest: WrittenDuration(0, "s"), longest: WrittenDuration(1440, "m"), default: WrittenDuration(30, "s"))),
        description: "How long to retry while a function is in use."),
    ])

  /// The noun of the mapping that has a key of this name; nil where none or several have.
  static func home(of key: String) -> String? {
    let homes = [document, metadata, spec, build, patch, value, processes, policy].filter { $0.key(key) != nil }
    return homes.count == 1 ? homes.first?.noun : nil
  }
}
