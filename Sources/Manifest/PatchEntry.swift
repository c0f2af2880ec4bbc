/// One patch that a build's list names.
package struct PatchEntry: Equatable, Sendable {
  /// 1 to 64 of `A-Z a-z 0-9 . _ -`: a label; the identity is the content.
  package var name: String
  /// `state`; active where the manifest says nothing.
  package var state: PatchState
  /// An artifact or new values.
  package var content: Content
  /// Where the entry begins.
  package var declaredAt: SourceRange

  /// Makes an entry; nothing is checked.
  package init(name: String, state: PatchState = .active, content: Content, declaredAt: SourceRange) {
    self.name = name
    self.state = state
    self.content = content
    self.declaredAt = declaredAt
  }

  /// What the patch brings.
  package enum Content: Equatable, Sendable {
    /// An artifact: its path with the manifest's folder before it, and the SHA-256 (64 lower-case digits) of its content.
    case artifact(path: String, sha256: String, pathAt: SourceRange, sha256At: SourceRange)
    /// New values for variables.
    case values([ValueChange])
  }
}
