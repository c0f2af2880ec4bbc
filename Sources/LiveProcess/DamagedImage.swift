package import Patch

/// An ELF image in a process's memory that cannot be what it should be; the process may have written there itself.
package enum DamagedImage: Error, Equatable, Sendable {
  /// Part of it could not be read.
  case memory(MemoryAccessFailed)
  /// A field holds what it may not: which, and where in the process.
  case field(String, at: RemoteAddress)
}
