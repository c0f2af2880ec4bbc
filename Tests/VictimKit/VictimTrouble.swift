/// Why a test could not get what it needs of a victim or a command: a clear sentence for the test's report.
package struct VictimTrouble: Error, CustomStringConvertible {
  /// What went wrong.
  package let description: String
  package init(_ description: String) { self.description = description }
}
