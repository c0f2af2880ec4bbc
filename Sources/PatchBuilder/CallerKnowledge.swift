internal import Patch

/// What callers of a replaced function may rely on beyond the ABI, and what the replacement would take from them.
///
/// gcc -O2 lets callers of a function that binds locally keep values in caller-saved registers that its body does not write
/// (-fipa-ra), and call it with a stack that is aligned no better than the body needs. What the original does is read from its code, so
/// that no flag of its compiler has to be known.
struct CallerKnowledge: Equatable, Sendable {
  /// The registers that the replacement may write and the original does not.
  let endangered: RegisterSet
  /// Whether the replacement needs an alignment of the stack that callers may not provide.
  let needsAlignment: Bool

  /// Nil when the original calls others, as its callers then know no more than the ABI, or the replacement does no more
  /// than the original.
  init?(original: RegisterUse, replacement: RegisterUse) {
    guard !original.callsOthers else { return nil }
    // Which of the wide ones the original writes is not known: it protects none of them.
    endangered = replacement.written.subtracting(original.written.subtracting(.wide))
    needsAlignment = replacement.needsAlignedStack
    guard !endangered.isEmpty || needsAlignment else { return nil }
  }

  /// The registers that a stub must keep, given where the function's result is.
  func saved(_ signature: FunctionSignature) -> RegisterSet {
    endangered.intersection(.callerSaved).subtracting(signature.results)
  }
}

extension PlannedFunctions {
  /// Puts stubs before the replacements whose callers rely on more than the ABI.
  ///
  /// `signatures`: what the replacement's debugging information says of its functions; empty when nothing does.
  mutating func keepWhatCallersKnow(
    _ knowledge: [String: CallerKnowledge], signatures: [String: FunctionSignature], target: TargetImage
  ) throws(BuildRefused) {
    var refusals: [BuildRefusal] = []
    for index in functions.indices {
      let function = functions[index]
      guard let known = knowledge[function.replacement] else { continue }
      let signature = signatures[function.replacement] ?? .unknown
      let saved = known.saved(signature)
      guard !saved.isEmpty || known.needsAlignment else { continue }
      if let why = signature.stackArguments {
        let names = saved.names + (known.needsAlignment ? ["the stack's alignment"] : [])
        refusals.append(
          BuildRefusal(place: target.path, symbol: function.symbol, reason: .stackArguments(registers: names, why: why))
        )
        continue
      }
      if known.endangered.contains(.wide), let caller = wideCaller(of: function, target) {
        refusals.append(
          BuildRefusal(place: target.path, symbol: function.symbol, reason: .wideRegisters(caller: caller)))
        continue
      }
      put(
        RegisterSavingStub(
          symbol: "lpatch.stub.\(function.address)", replacement: function.replacement, saved: saved), before: index)
    }
    guard refusals.isEmpty else { throw BuildRefused(refusals) }
  }

  /// What each function's callers may rely on, by the replacement's name; those without such callers left out.
  func callerKnowledge(
    _ target: TargetImage, _ replacement: ReplacementObject
  ) throws(BuildRefused) -> [String: CallerKnowledge] {
    guard let original = OriginalRegisterUse(target), let new = ReplacementRegisterUse(replacement) else {
      throw BuildRefused(.toolMissing("Capstone"))
    }
    var found: [String: CallerKnowledge] = [:]
    for function in functions {
      let symbol = target.symbols.code(in: function.address.value..<(function.address.value + 1))
        .first { $0.size == function.size }
      guard let symbol, let defined = replacement.functions[function.replacement] else { continue }
      found[function.replacement] = CallerKnowledge(original: original.of(symbol), replacement: new.of(defined))
    }
    return found
  }

  /// A function that calls the replaced one directly and uses AVX, mask or MMX registers, or code of which that is not known; nil
  /// when there is none.
  ///
  /// Callers through a pointer know no more than the ABI.
  private func wideCaller(of function: ReplacedFunction, _ target: TargetImage) -> String? {
    guard let decoder = X86_64Decoder() else { return "(unknown)" }
    let unwind = UnwindRanges(target)
    for call in references.branches(into: function.address.value..<(function.address.value + 1)) {
      let symbol = target.symbols.function(holding: call.from)
      let range = symbol.map { $0.address.value..<($0.address.value &+ $0.size) } ?? unwind.range(holding: call.from)
      let name = symbol?.name ?? "at \(LinkAddress(call.from))"
      guard let range, let body = target.code(at: range.lowerBound, count: range.upperBound - range.lowerBound) else {
        return name
      }
      let instructions = decoder.instructions(in: body, base: range.lowerBound)
      // An instruction newer than the decoder may be any.
      guard instructions.reduce(0, { $0 + $1.bytes.count }) == body.count else { return name }
      if instructions.contains(where: { $0.mayWrite.contains(.wide) }) { return name }
    }
    return nil
  }
}
