internal import LiveProcess
package import Manifest
package import Patch

/// Makes the desired state of checked manifests: reads the artifacts they name and compares the two.
package struct DesiredStateReader {
  /// What reading a file gave.
  package enum Content: Sendable {
    case bytes([UInt8])
    /// It could not be read: an errno value.
    case failed(errno: Int32)
  }

  private let readFile: (String) -> Content
  private let users: UserTable
  private let lines: SourceLines
  private var cache: [String: Content] = [:]

  /// Everything that is wrong, in the order of the manifests.
  package private(set) var diagnostics: [Diagnostic] = []

  /// - Parameters:
  ///   - manifests: what was loaded, for the source lines of diagnostics.
  ///   - users: the machine's users.
  ///   - readFile: gives an artifact's content.
  package init(
    manifests: LoadedManifests, users: UserTable, readFile: @escaping (String) -> Content
  ) {
    self.readFile = readFile
    self.users = users
    lines = SourceLines(manifests.inputs)
  }

  /// The desired state of some documents; what is in ``diagnostics`` afterwards decides whether it may be used.
  package mutating func read(_ sets: [PatchSet]) -> DesiredState {
    DesiredState(sets: sets.map { read($0) })
  }

  private mutating func read(_ set: PatchSet) -> DesiredSet {
    var builds: [DesiredBuild] = []
    for build in set.builds {
      // The manifest's own check has made sure of the digits.
      guard let buildID = BuildID(hex: build.buildID) else { continue }
      var patches: [DesiredPatch] = []
      for entry in build.patches {
        guard let patch = read(entry, for: buildID) else { continue }
        patches.append(patch)
      }
      checkPlaces(of: patches, in: buildID)
      builds.append(DesiredBuild(buildID: buildID, patches: patches, declaredAt: build.declaredAt))
    }
    return DesiredSet(
      name: set.name, binary: set.binary, builds: builds, unknownBuilds: set.unknownBuilds,
      filter: DesiredFilter(set.processes, users: users),
      policy: SwitchPolicy(
        maxStop: set.policy.maxStop, checksStacks: set.policy.consistency == .stackCheck, retryFor: set.policy.retryFor),
      retryForAt: set.policy.declaredAt, declaredAt: set.declaredAt)
  }

  private mutating func read(_ entry: Manifest.PatchEntry, for build: BuildID) -> DesiredPatch? {
    switch entry.content {
    case .artifact(let path, let sha256, let pathAt, let sha256At):
      return artifact(entry, path: path, sha256: sha256, pathAt: pathAt, sha256At: sha256At, build: build)
    case .values(let changes):
      guard let canonical = entry.canonicalValues else { return nil }
      let id = SHA256Digest(of: canonical)
      let values = changes.map {
        ValuePatch.Value(symbol: $0.symbol, offset: $0.offset, expect: $0.expect, set: $0.set)
      }
      return DesiredPatch(
        id: id, name: entry.name, state: entry.state,
        content: .values(ValuePatch(id: id, name: entry.name, buildID: build, values: values)),
        places: changes.map {
          PlannedPlace(
            kind: .value, symbol: $0.symbol, address: nil, size: UInt64($0.set.count), detail: $0.planText)
        }, declaredAt: entry.declaredAt)
    }
  }

  private mutating func artifact(
    _ entry: Manifest.PatchEntry, path: String, sha256: String, pathAt: SourceRange, sha256At: SourceRange,
    build: BuildID
  ) -> DesiredPatch? {
    guard let pinned = SHA256Digest(hex: sha256) else { return nil }
    let content: Content
    if let known = cache[path] { content = known } else { content = readFile(path) }
    cache[path] = content
    let absent = DesiredPatch(
      id: pinned, name: entry.name, state: .absent, places: [], declaredAt: entry.declaredAt)
    guard case .bytes(let bytes) = content else {
      // What is to be absent needs no file: its digest says which patch is meant.
      if entry.state == .absent { return absent }
      if case .failed(let errno) = content {
        report(
          "LP0201", at: pathAt, "the artifact cannot be read: \(SystemError.text(errno))",
          hint: "\(path); paths are relative to the manifest's folder")
      }
      return nil
    }
    let found = SHA256Digest(of: bytes)
    guard found == pinned else {
      if entry.state == .absent { return absent }
      report(
        "LP0210", at: sha256At, "the artifact has another sha256",
        hint: "\(path) is \(found); review it with `lpreconcile inspect`, then put that here")
      return nil
    }
    let artifact: PatchArtifact
    do throws(DamagedArtifact) {
      artifact = try PatchArtifact(reading: bytes)
    } catch {
      if entry.state == .absent { return absent }
      report("LP0202", at: pathAt, "the artifact is damaged: \(error.text)", hint: "build it again, or fetch it again")
      return nil
    }
    check(artifact.info, against: entry, at: pathAt, build: build)
    return DesiredPatch(
      id: pinned, name: artifact.info.name, description: artifact.info.description, fixes: artifact.info.fixes,
      state: entry.state, content: .artifact(artifact),
      places: artifact.info.functions.map {
        PlannedPlace(kind: .function, symbol: $0.symbol, address: $0.address.value, size: $0.size)
      }, declaredAt: entry.declaredAt)
  }

  private mutating func check(
    _ info: PatchInfo, against entry: Manifest.PatchEntry, at place: SourceRange, build: BuildID
  ) {
    if info.target.buildID != build {
      report(
        "LP0203", at: place, "the artifact was made for another build",
        hint: "it is for \(info.target.buildID) (\(info.target.pathHint)), the list is for \(build)")
    }
    if info.name != entry.name {
      report(
        "LP0205", at: entry.declaredAt, "the artifact calls itself '\(info.name)', not '\(entry.name)'",
        hint: "write `name: \(info.name)`: it is the name that processes show")
    }
  }

  /// Two active patches that replace the same function or the same bytes of a value.
  private mutating func checkPlaces(of patches: [DesiredPatch], in build: BuildID) {
    let active = patches.filter { $0.state == .active }
    for (index, later) in active.enumerated() {
      for earlier in active[..<index] {
        guard let place = later.places.first(where: { place in earlier.places.contains { $0.clashes(with: place) } })
        else { continue }
        let what = place.kind == .function ? "function" : "value"
        report(
          "LP0204", at: later.declaredAt,
          "\(later.name) and \(earlier.name) replace the same \(what): \(place.symbol)",
          hint: "patches do not stack: build one that holds both changes",
          notes: [
            Diagnostic(
              .note, "LP0204", at: earlier.declaredAt, "\(earlier.name) is declared here",
              sourceLine: lines[earlier.declaredAt])
          ])
      }
    }
  }

  private mutating func report(
    _ code: String, at place: SourceRange, _ message: String, hint: String, notes: [Diagnostic] = []
  ) {
    diagnostics.append(
      Diagnostic(.error, code, at: place, message, hint: hint, sourceLine: lines[place], notes: notes))
  }
}

extension PlannedPlace {
  /// Whether two patches cannot both have it.
  fileprivate func clashes(with other: PlannedPlace) -> Bool {
    guard kind == other.kind, symbol == other.symbol else { return false }
    guard kind == .value else { return address == other.address }
    guard let offset, let theirs = other.offset else { return true }
    return offset < theirs + other.size && theirs < offset + size
  }

  /// A value's offset from its symbol, as its detail shows it.
  private var offset: UInt64? {
    guard let detail, detail.hasPrefix("+") else { return nil }
    return UInt64(detail.dropFirst().prefix { $0.isNumber })
  }
}

extension DamagedArtifact {
  /// One line for people.
  package var text: String {
    let place = offset.map { " at byte \($0)" } ?? ""
    return "\(field)\(place) is \(found), allowed is \(allowed)"
  }
}
