/// Why `lpreconcile build` wrote nothing: everything that was found, not only the first.
package struct BuildRefused: Error, Equatable {
  /// What was found, in the order of the request; never empty.
  package var refusals: [BuildRefusal]

  package init(_ refusals: [BuildRefusal]) {
    self.refusals = refusals
  }

  package init(_ reason: BuildRefusal.Reason, at place: String? = nil, symbol: String? = nil) {
    refusals = [BuildRefusal(place: place, symbol: symbol, reason: reason)]
  }
}
