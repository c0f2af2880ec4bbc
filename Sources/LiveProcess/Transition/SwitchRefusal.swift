internal import Patch

/// Why a switch cannot be made, before the process and the tries are known.
package struct SwitchRefusal: Error, Equatable {
  package var patch: String?
  package var symbol: String?
  package var reason: TransitionRefused.Reason

  package init(patch: String? = nil, symbol: String? = nil, _ reason: TransitionRefused.Reason) {
    self.patch = patch
    self.symbol = symbol
    self.reason = reason
  }

  package init(_ ledger: Ledger, _ function: Ledger.Function, _ reason: TransitionRefused.Reason) {
    self.init(patch: ledger.name, symbol: function.symbol, reason)
  }
}
