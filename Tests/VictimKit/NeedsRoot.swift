internal import Glibc
package import Testing

/// A test or suite that only root can run: it fails with a clear sentence for anybody else, and is never skipped.
package struct NeedsRoot: TestTrait, SuiteTrait, TestScoping {
  package let isRecursive = true

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard geteuid() == 0 else {
      throw VictimTrouble("this test reads and writes other processes: run it as root (effective user is \(geteuid()))")
    }
    try await function()
  }
}

extension Trait where Self == NeedsRoot {
  /// Fails the test with a clear sentence unless it runs as root.
  package static var needsRoot: NeedsRoot { NeedsRoot() }
}
