internal import Patch

/// What the code behind an entry does to the registers that callers may keep values in.
struct RegisterUse: Equatable, Sendable {
  /// Registers that are written, as far as the code could be followed: certainly for the original, possibly for a
  /// replacement.
  var written: RegisterSet = []
  /// Whether it calls something that the compiler cannot have looked into: then every such register counts as written, and
  /// the stack is aligned at every entry.
  var callsOthers = false
  /// Whether it needs a stack that is aligned to 16 bytes.
  var needsAlignedStack = false
}

/// Follows the code of the original function: what its callers may have been compiled to rely on (gcc's -fipa-ra).
struct OriginalRegisterUse: ~Copyable {
  private let target: TargetImage
  private let decoder: X86_64Decoder

  init?(_ target: TargetImage) {
    guard let decoder = X86_64Decoder() else { return nil }
    self.target = target
    self.decoder = decoder
  }

  /// The registers that the function and all that it calls certainly write.
  ///
  /// Where the code cannot be followed, less counts as written, so that more is kept than would be needed: functions without
  /// a symbol, indirect jumps, undecodable instructions. A call into another library or through a pointer writes everything.
  func of(_ function: TargetSymbol) -> RegisterUse {
    var use = RegisterUse()
    var open = [function]
    var seen: Set<UInt64> = []
    while let next = open.popLast() {
      guard seen.insert(next.address.value).inserted else { continue }
      guard let body = target.code(at: next.address.value, count: next.size) else { continue }
      let own = next.address.value..<(next.address.value &+ next.size)
      for instruction in decoder.instructions(in: body, base: next.address.value) {
        use.written.formUnion(instruction.written)
        switch instruction.flow {
        case .indirectCall:
          use.callsOthers = true
          return use
        case .call(let to):
          // A PLT entry has no function symbol: what lies behind it is another library's.
          guard let callee = target.symbols.function(holding: to) else {
            use.callsOthers = true
            return use
          }
          open.append(callee)
        case .jump(let to), .conditional(let to, _):
          guard !own.contains(to) else { continue }
          // A tail call into a PLT entry; without a symbol it may as well be a cold part, of which nothing is assumed.
          if let callee = target.symbols.function(holding: to) { open.append(callee) }
        case .next, .counted, .indirectJump, .return, .breakpoint, .stop, .other: continue
        }
      }
    }
    return use
  }
}
