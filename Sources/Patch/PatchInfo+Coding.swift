internal import FoundationEssentials

extension PatchInfo {
  /// The content of `.lpatch.info`: the same description always gives the same bytes.
  package func encoded() throws(EncodingFailed) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    do { return Array(try encoder.encode(self)) + [0x0a] } catch { throw EncodingFailed(cause: "\(error)") }
  }

  /// A description that JSON cannot say.
  package struct EncodingFailed: Error, Equatable {
    package let cause: String
  }

  /// Reads and checks the content of `.lpatch.info`.
  ///
  /// A key that this version does not know is refused: a newer version says so by its `formatVersion`, and anything else
  /// is damage, such as a flipped bit in the name of an optional key.
  init(reading json: [UInt8]) throws(DamagedArtifact) {
    let decoder = JSONDecoder()
    let data = Data(json)
    do {
      let version = try decoder.decode(Version.self, from: data).formatVersion
      guard version <= PatchInfo.currentFormatVersion else {
        throw DamagedArtifact(
          .newerFormat, field: "info.formatVersion", found: "\(version)",
          allowed: "at most \(PatchInfo.currentFormatVersion), the newest that this version of lpreconcile reads")
      }
      guard version >= 1 else {
        throw DamagedArtifact(field: "info.formatVersion", found: "\(version)", allowed: "1 or more")
      }
      self = try decoder.decode(PatchInfo.self, from: data)
      // What is written as this version writes it holds nothing else; that spares two readings of large descriptions.
      let understood = try encoded()
      if understood != json {
        let found = try decoder.decode(JSONTree.self, from: data)
        if let path = found.firstDifference(from: try decoder.decode(JSONTree.self, from: Data(understood)), at: "info")
        {
          throw DamagedArtifact(
            field: path, found: "an unknown key or another spelling", allowed: "what docs/artifact.md lists")
        }
      }
    } catch let error as DamagedArtifact {
      throw error
    } catch let error as DecodingError {
      throw DamagedArtifact(error)
    } catch {
      throw DamagedArtifact(field: "info", found: "\(error)", allowed: "JSON as docs/artifact.md describes it")
    }
    try check()
  }

  private struct Version: Decodable {
    var formatVersion: Int
  }
}

extension DamagedArtifact {
  fileprivate init(_ error: DecodingError) {
    let context: DecodingError.Context? =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
        .dataCorrupted(let context):
        context
      @unknown default: nil
      }
    var path = "info"
    for key in context?.codingPath ?? [] {
      path += key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)"
    }
    if case .keyNotFound(let key, _) = error { path += ".\(key.stringValue)" }
    self.init(
      field: path, found: context?.debugDescription ?? "\(error)", allowed: "JSON as docs/artifact.md describes it")
  }
}
