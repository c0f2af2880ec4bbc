/// The checkout that the tests were compiled from, and what it has built.
package enum Checkout {
  /// The folder with `Package.swift`.
  package static let root = String(#filePath.split(separator: "/").dropLast(3).flatMap { ["/", $0] }.joined())
  /// The program as `make` and `make test` build it.
  package static let program = root + "/.build/release/lpreconcile"
}
