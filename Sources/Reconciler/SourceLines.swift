package import Manifest

/// The lines of the manifests that were read, for carets.
package struct SourceLines: Sendable {
  private let files: [String: [String]]

  package init(_ inputs: [ManifestInput]) {
    var files: [String: [String]] = [:]
    for input in inputs {
      files[input.path] = String(decoding: input.bytes, as: UTF8.self)
        .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    }
    self.files = files
  }

  /// The line that a place lies in; nil when its file was not read.
  package subscript(_ place: SourceRange) -> String? {
    guard let lines = files[place.file], lines.indices.contains(place.line - 1) else { return nil }
    return lines[place.line - 1]
  }
}
