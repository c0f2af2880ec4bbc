internal import CElf
internal import Patch

/// Whether an exception may have to pass through a replacement.
///
/// None can: the unwinder finds call-frame information by loaded object, an image is none, and so the program would end
/// in `std::terminate`.
struct ExceptionPassage {
  /// What makes it likely that the target throws; nil where nothing does.
  private let sign: String?

  /// The functions that programs name in their call-frame information when they catch or clean up.
  private static let personalities = [
    "__gxx_personality_v0", "rust_eh_personality", "__cxa_throw", "__gnat_personality_v0",
  ]
  private static let runtimes = ["libstdc++.so", "libc++.so", "libc++abi.so", "libgnat-"]

  init(_ target: TargetImage) {
    if let library = target.needed.first(where: { name in Self.runtimes.contains { name.hasPrefix($0) } }) {
      sign = "it is linked with \(library)"
    } else if let name = Self.personalities.first(where: { target.defines($0) }) {
      sign = "it has \(name)"
    } else if target.kind != .sharedLibrary, target.elf.section(named: ".gcc_except_table") != nil {
      // Static and stripped. C libraries have the section too, for what they do when a thread is cancelled.
      sign = "it has tables of exception handlers"
    } else {
      sign = nil
    }
  }

  /// The functions whose replacements call something that may throw; as far as one cannot see, all that call anything.
  func refusals(
    _ functions: [ReplacedFunction], target: TargetImage, replacement: ReplacementObject
  ) -> [BuildRefusal] {
    guard let sign else { return [] }
    let use = ReplacementRegisterUse(replacement)
    return functions.compactMap { function in
      if let symbol = replacement.functions[function.replacement], use?.of(symbol).callsOthers == false { return nil }
      return BuildRefusal(place: target.path, symbol: function.symbol, reason: .exceptions(sign: sign))
    }
  }
}

extension TargetImage {
  /// Whether any of its symbol tables has a name, defined or not.
  fileprivate func defines(_ name: String) -> Bool {
    dynamicSymbols.contains { $0.name == name } || !symbols.all(named: name).isEmpty
  }
}
