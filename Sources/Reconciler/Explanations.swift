internal import Manifest

/// What a code means and what to do.
package struct Explanation: Codable, Equatable, Sendable {
  package var code: String
  package var title: String
  package var text: String
  package var next: String

  package init(code: String, title: String, text: String, next: String) {
    self.code = code
    self.title = title
    self.text = text
    self.next = next
  }

  /// The codes of manifests, artifacts, processes and commands, by code; `build` has its own.
  package static var all: [Explanation] {
    let own = ReconcilerCode.explanations.map {
      Explanation(code: $0.code, title: $0.title, text: $0.text, next: $0.next)
    }
    let manifest = ManifestCode.allCases.map {
      Explanation(code: $0.code, title: $0.title, text: $0.explanation, next: $0.nextStep)
    }
    return (own + manifest).sorted { $0.code < $1.code }
  }
}

/// The manifest's JSON Schema, for `lpreconcile schema`.
package enum SchemaText {
  package static var manifest: String { ManifestSchema.text }
}
