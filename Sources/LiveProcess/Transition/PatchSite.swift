internal import Patch

/// A place in the target's code that loaded patches replace: at most one of them at a time.
struct PatchSite: Equatable, Sendable {
  /// Where the branches go.
  var address: RemoteAddress
  /// The build's own bytes, as many as the longest branch of any of the patches overwrites.
  var original: [UInt8]
  /// Which functions of which ledgers replace it, by position.
  var claims: [Claim]

  struct Claim: Hashable, Sendable {
    var ledger: Int
    var function: Int
  }

  /// What stands at a site.
  enum Content: Equatable {
    case original
    case direct(Claim)
    case gate(Claim)
    case foreign([UInt8])
  }

  var range: Range<RemoteAddress> { address..<RemoteAddress(address.value + UInt64(original.count)) }

  /// A branch and behind it the build's own bytes.
  func padded(_ branch: [UInt8]) -> [UInt8] { branch + original.dropFirst(branch.count) }

  /// What some bytes read at the site are.
  func content(_ bytes: [UInt8], _ ledgers: [Ledger]) -> Content {
    if bytes == original { return .original }
    for claim in claims {
      let function = ledgers[claim.ledger].functions[claim.function]
      if bytes == padded(function.direct) { return .direct(claim) }
      if let gate = function.gate, bytes == padded(gate.branch) { return .gate(claim) }
    }
    return .foreign(bytes)
  }

  /// The sites of all ledgers, by address.
  ///
  /// - Throws: ``SwitchRefusal`` where two patches want overlapping bytes in ways that cannot be told apart.
  static func all(of ledgers: [Ledger]) throws(SwitchRefusal) -> [PatchSite] {
    var sites: [RemoteAddress: PatchSite] = [:]
    for (position, ledger) in ledgers.enumerated() {
      for (index, function) in ledger.functions.enumerated() {
        let claim = Claim(ledger: position, function: index)
        guard var site = sites[function.place] else {
          sites[function.place] = PatchSite(address: function.place, original: function.original, claims: [claim])
          continue
        }
        let common = min(site.original.count, function.original.count)
        guard site.original.prefix(common) == function.original.prefix(common),
          !site.claims.contains(where: { $0.ledger == position })
        else {
          throw SwitchRefusal(ledger, function, .placeTaken(by: ledgers[site.claims[0].ledger].name))
        }
        if function.original.count > common { site.original = function.original }
        site.claims.append(claim)
        sites[function.place] = site
      }
    }
    let sorted = sites.values.sorted { $0.address < $1.address }
    for (site, next) in zip(sorted, sorted.dropFirst()) where site.range.upperBound > next.address {
      let claim = next.claims[0]
      let ledger = ledgers[claim.ledger]
      throw SwitchRefusal(
        ledger, ledger.functions[claim.function], .placeTaken(by: ledgers[site.claims[0].ledger].name))
    }
    return sorted
  }
}
