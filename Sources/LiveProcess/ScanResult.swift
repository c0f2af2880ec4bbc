/// What a scan found.
package struct ScanResult: Equatable, Sendable {
  /// The processes that map what was asked for or carry patches (their `patches` are not read yet), and those that cannot
  /// be read; by number.
  package var processes: [ObservedProcess]
  /// For each process the asked paths that symbolic links of its own mount namespace lead elsewhere, and where.
  package var canonicalPaths: [ProcessIdentity: [String: String]]
}
