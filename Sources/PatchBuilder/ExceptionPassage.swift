internal import CElf
internal import Patch

/// Whether an exception may have to pass through a replacement, and whether it can.
///
/// The unwinder finds call-frame information by loaded object, and an image is none: it has to be told of the image's
/// (``RegistrationRoutines``). Otherwise the program would end in `std::terminate`.
struct ExceptionPassage {
  /// What makes it likely that the target throws; nil where nothing does.
  private let sign: String?
  /// Whether the program's unwinder is the shared libgcc, and no other is linked into the target.
  private let unwinderIsKnown: Bool

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
    // With -static-libgcc an exception that a handler lets go on would go on in the target's own unwinder. A file of C++ without
    // handlers may name libstdc++ only, which has the shared one; whether it has one of its own its full symbol table says.
    let namesShared = target.needed.contains("libgcc_s.so.1")
    let hasShared = target.symbols.isComplete && target.needed.contains { $0.hasPrefix("libstdc++.so") }
    unwinderIsKnown = (namesShared || hasShared) && target.symbols.all(named: "_Unwind_Resume").isEmpty
  }

  /// Whether the unwinder has to be told of the patch: where a replacement calls something that may throw; as far as one cannot
  /// see, that is anything.
  ///
  /// - Throws: where it has to be, and cannot be.
  func isNeeded(
    _ functions: [ReplacedFunction], target: TargetImage, replacement: ReplacementObject
  ) throws(BuildRefused) -> Bool {
    guard let sign else { return false }
    let use = ReplacementRegisterUse(replacement)
    let calling = functions.filter { function in
      replacement.functions[function.replacement].flatMap { use?.of($0).callsOthers } ?? true
    }
    guard !calling.isEmpty else { return false }
    guard unwinderIsKnown else {
      throw BuildRefused(
        calling.map {
          BuildRefusal(
            place: target.path, symbol: $0.symbol,
            reason: .exceptions(sign: sign, why: "its unwinder is not that of the shared libgcc_s.so.1"))
        })
    }
    let bare = replacement.functionsWithoutUnwind()
    guard bare.isEmpty else {
      throw BuildRefused(
        bare.map {
          BuildRefusal(
            symbol: $0, reason: .exceptions(sign: sign, why: "it was compiled without call-frame information"))
        })
    }
    return true
  }
}

extension TargetImage {
  /// Whether any of its symbol tables has a name, defined or not.
  fileprivate func defines(_ name: String) -> Bool {
    dynamicSymbols.contains { $0.name == name } || !symbols.all(named: name).isEmpty
  }
}

extension ReplacementObject {
  /// The functions that no record of call-frame information begins with (LSB core specification 10.6.1).
  fileprivate func functionsWithoutUnwind() -> [String] {
    struct Place: Hashable {
      let section: Int
      let offset: UInt64
    }
    // What cannot be read describes nothing.
    guard let symbols = try? elf.symbols(.full) else { return functions.keys.sorted() }
    var described: Set<Place> = []
    for section in elf.sections where section.name == ".eh_frame" {
      let tables = elf.sections.filter { $0.type == UInt32(SHT_RELA) && Int($0.info) == section.index }
      let relocations = tables.flatMap { table in
        (try? elf.relocations(in: table, of: section, symbolCount: symbols.count)) ?? []
      }
      for relocation in relocations {
        guard let symbol = relocation.symbol.map({ symbols[$0] }), case .section(let number) = symbol.place else {
          continue
        }
        described.insert(Place(section: number, offset: symbol.value &+ UInt64(bitPattern: relocation.addend)))
      }
    }
    return symbols.filter { symbol in
      guard symbol.type == .function, case .section(let number) = symbol.place else { return false }
      return !described.contains(Place(section: number, offset: symbol.value))
    }.map(\.name).sorted()
  }
}
