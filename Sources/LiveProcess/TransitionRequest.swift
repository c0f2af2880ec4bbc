package import Patch

/// What one transition is to do to one process; all that activates and deactivates happens in one switch.
package struct TransitionRequest: Codable, Sendable {
  package var process: ProcessIdentity
  /// The patches to load first, in this order.
  package var load: [PatchContent]
  /// The patches to activate: just loaded, or loaded before.
  package var activate: [SHA256Digest]
  /// The patches to deactivate.
  package var deactivate: [SHA256Digest]
  /// The patches to unload at the end.
  package var unload: [SHA256Digest]
  package var policy: SwitchPolicy

  package init(
    process: ProcessIdentity, load: [PatchContent], activate: [SHA256Digest], deactivate: [SHA256Digest],
    unload: [SHA256Digest], policy: SwitchPolicy
  ) {
    self.process = process
    self.load = load
    self.activate = activate
    self.deactivate = deactivate
    self.unload = unload
    self.policy = policy
  }
}

/// How a switch is made.
package struct SwitchPolicy: Equatable, Codable, Sendable {
  /// The longest stop, resuming included.
  package var maxStop: Duration
  /// Whether no thread may be inside a function that changes (`stack-check`), or only not inside the bytes (`immediate`).
  package var checksStacks: Bool
  /// How long to retry while a function is in use or the process is busy otherwise.
  package var retryFor: Duration

  package init(maxStop: Duration, checksStacks: Bool, retryFor: Duration) {
    self.maxStop = maxStop
    self.checksStacks = checksStacks
    self.retryFor = retryFor
  }
}

/// The content of a patch that is to be loaded.
package enum PatchContent: Sendable {
  /// An artifact, read and checked.
  case artifact(PatchArtifact)
  /// New values of variables.
  case values(ValuePatch)

  /// The patch's identity.
  package var id: SHA256Digest {
    switch self {
    case .artifact(let artifact): artifact.id
    case .values(let patch): patch.id
    }
  }
}

extension PatchContent: Codable {
  private enum CodingKeys: CodingKey { case artifact, values }

  /// An artifact travels as the file that it is, and is read and checked again.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard let text = try container.decodeIfPresent(String.self, forKey: .artifact) else {
      self = .values(try container.decode(ValuePatch.self, forKey: .values))
      return
    }
    guard let file = [UInt8](hexadecimal: text) else {
      throw DecodingError.dataCorruptedError(
        forKey: .artifact, in: container, debugDescription: "not in hexadecimal digits")
    }
    self = .artifact(try PatchArtifact(reading: file))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .artifact(let artifact): try container.encode(artifact.file.hexadecimal, forKey: .artifact)
    case .values(let patch): try container.encode(patch, forKey: .values)
    }
  }
}

/// New values for variables of one build.
package struct ValuePatch: Equatable, Codable, Sendable {
  /// The SHA-256 of the entry in canonical form.
  package var id: SHA256Digest
  package var name: String
  package var buildID: BuildID
  package var values: [Value]

  package struct Value: Equatable, Codable, Sendable {
    package var symbol: String
    /// In bytes from the symbol.
    package var offset: UInt64
    /// The bytes that must stand there before; nil for whatever does.
    package var expect: [UInt8]?
    package var set: [UInt8]

    package init(symbol: String, offset: UInt64, expect: [UInt8]? = nil, set: [UInt8]) {
      self.symbol = symbol
      self.offset = offset
      self.expect = expect
      self.set = set
    }
  }

  package init(id: SHA256Digest, name: String, buildID: BuildID, values: [Value]) {
    self.id = id
    self.name = name
    self.buildID = buildID
    self.values = values
  }
}

/// What a transition did.
package struct TransitionOutcome: Equatable, Codable, Sendable {
  /// The longest stop as measured, from before the first interrupt until after the last resume; nil when nothing stopped.
  package var longestStop: Duration?
  /// How many threads were stopped in the switch.
  package var threads: Int
  /// How many attempts the switch took.
  package var tries: Int
  /// Whether anything was changed at all.
  package var changed: Bool
  /// The patches that were to be unloaded and stay loaded, and why.
  package var keptLoaded: [KeptLoaded]
  /// The values that the program changed itself and that were left alone.
  package var valuesLeft: [ObservedPatch.Drift]
  /// What a killed tool had left and this one cleared up, in words for the log.
  package var recovered: [String]

  package struct KeptLoaded: Equatable, Codable, Sendable {
    package var patch: SHA256Digest
    package var reason: TransitionRefused.Reason

    package init(patch: SHA256Digest, reason: TransitionRefused.Reason) {
      self.patch = patch
      self.reason = reason
    }
  }

  package init(
    longestStop: Duration? = nil, threads: Int, tries: Int, changed: Bool, keptLoaded: [KeptLoaded],
    valuesLeft: [ObservedPatch.Drift], recovered: [String]
  ) {
    self.longestStop = longestStop
    self.threads = threads
    self.tries = tries
    self.changed = changed
    self.keptLoaded = keptLoaded
    self.valuesLeft = valuesLeft
    self.recovered = recovered
  }
}
