/// Why a process is not as it should be: what stands in reports.
package struct Finding: Hashable, Codable, Sendable {
  /// The stable code, such as `LP0301`; `explain` says more.
  package var code: String
  /// One line for people.
  package var message: String
  /// What can be done, in the order to try it; never empty.
  package var next: [String]

  package init(_ code: String, _ message: String, next: [String]) {
    self.code = code
    self.message = message
    self.next = next
  }
}
