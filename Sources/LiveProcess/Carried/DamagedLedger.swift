/// What is wrong with bytes that should be a ledger.
package enum DamagedLedger: Error, Equatable {
  /// A newer version of the tool wrote it.
  case newer(version: UInt32)
  /// A field that cannot be, and its offset in bytes from the ledger's start.
  case damaged(field: String, offset: Int)
}
