/// The names of users, as `/etc/passwd` has them.
///
/// Read by hand: the tool is one static executable, and name services (nsswitch.conf(5)) load libraries at run time. A
/// user who exists in LDAP only is written as a number in a manifest.
package struct UserTable: Equatable, Sendable {
  private var numbers: [String: UInt32] = [:]
  private var names: [UInt32: String] = [:]

  /// Reads the content of a passwd(5) file; lines that are none are passed over, as the C library does.
  package init(passwd text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count >= 3, !fields[0].isEmpty, let number = UInt32(fields[2]) else { continue }
      let name = String(fields[0])
      if numbers[name] == nil { numbers[name] = number }
      if names[number] == nil { names[number] = name }
    }
  }

  /// The number of a user given by name or number; nil when no such name is known.
  package func number(of user: String) -> UInt32? { numbers[user] ?? UInt32(user) }

  /// The name of a user, or the number as text where it has none.
  package func name(of number: UInt32) -> String { names[number] ?? String(number) }
}
