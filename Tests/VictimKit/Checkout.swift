internal import Glibc

/// The checkout that the tests were compiled from, and what it has built.
package enum Checkout {
  /// The folder with `Package.swift`.
  package static let root = String(#filePath.split(separator: "/").dropLast(3).flatMap { ["/", $0] }.joined())
  /// The program as `make` and `make test` build it.
  package static let program = root + "/.build/release/lpreconcile"

  /// A variable of the environment that the tests run in; nil where it is not set.
  package static func environment(_ name: String) -> String? {
    // SAFETY: the string that getenv answers lives as long as nobody changes the environment, and nobody does.
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }
}
