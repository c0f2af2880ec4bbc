/// A piece of an image's executable part, so that a stack walk can tell what an address in it is.
package struct CodeRange: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// The gate of the function with this index in `info.functions`. CFA is `rsp + 8`, and `rsp + 16` at the offsets
    /// ``X86_64Gate/pushedOffsets`` from the range's beginning.
    case gate(function: Int)
    /// A jump through a slot to a function out of reach; CFA is `rsp + 8` throughout.
    case stub(symbol: String)
    /// The moved entry instructions of the function with this index in `info.functions`.
    case moved(function: Int)
    /// A function of the replacement.
    case function(name: String)
  }
  package let kind: Kind
  package let range: Range<RemoteAddress>
}
