internal import Patch

/// The manifest to check in with a new artifact.
struct ManifestSnippet {
  let info: PatchInfo
  /// The artifact's path as the request gave it.
  let artifact: String
  let sha256: SHA256Digest

  /// YAML text that ends in a line feed; the artifact is named as seen from a manifest in its own folder.
  var text: String {
    let binary = info.target.pathHint
    let program = WholeFile.name(of: binary)
    let file = WholeFile.name(of: artifact)
    var lines = ["apiVersion: lpreconcile/v1", "kind: PatchSet", "metadata:", "  name: \(quoted(program))"]
    if let description = info.description { lines.append("  description: \(quoted(description))") }
    lines += [
      "spec:", "  binary: \(quoted(binary))", "  builds:", "    - buildId: \"\(info.target.buildID)\"",
      "      patches:",
      "        - name: \(quoted(info.name))", "          artifact: \(quoted(file))", "          sha256: \"\(sha256)\"",
      "          state: active",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// A YAML scalar: plain where every byte is harmless, else in double quotes (YAML 1.1, 5.7).
  private func quoted(_ text: String) -> String {
    let harmless = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "/"),
        UInt8(ascii: "_"):
        true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"): true
      default: false
      }
    }
    let begins =
      text.utf8.first.map { (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "/") } ?? false
    let isWord = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
    if harmless && begins && !isWord { return text }
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": escaped += "\\\""
      case "\\": escaped += "\\\\"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return "\"\(escaped)\""
  }
}
