/// What the administrator wants of a patch.
package enum PatchState: String, CaseIterable, Sendable {
  case active, loaded, absent
}
