package import Patch

/// A table of call-frame information that cannot be understood: foreign bytes, so a result and no crash.
package struct DamagedUnwindTable: Error, Equatable {
  /// What was being read.
  package var field: String
  /// Where it lies in the process.
  package var at: RemoteAddress
}
