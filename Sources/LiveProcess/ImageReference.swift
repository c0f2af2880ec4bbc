package import Patch

/// What still leads into the memory of a patch that was to be unloaded.
package enum ImageReference: Equatable, Codable, Sendable {
  /// A word of the process's memory, which lies in the named mapping.
  case word(at: RemoteAddress, mapping: String, value: RemoteAddress)
  /// The same, in the form in which the C library keeps a function for the exit or a place to jump back to.
  case mangled(at: RemoteAddress, mapping: String, value: RemoteAddress)
  /// The handler of a signal, which the kernel keeps.
  case handler(signal: Int32, value: RemoteAddress)
}
