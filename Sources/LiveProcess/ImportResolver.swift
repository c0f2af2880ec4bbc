internal import CElf
package import Patch

/// Finds the functions and variables of other libraries that a patch refers to, as the dynamic linker would have.
///
/// The order: the target's own bound slot; else the first definition in the search scope, by name and version; for an
/// indirect function, whose resolver must not be run, the slot that holds what it chose. Nothing is guessed.
package struct ImportResolver: Sendable {
  private let target: LinkedObject
  private let scope: [LinkedObject]
  private let objects: [LinkedObject]
  private let map: MemoryMap

  /// Reads the loaded objects of a process.
  ///
  /// `binary`: the file that the patch is for.
  package init(
    for binary: MappedBinary, map: MemoryMap, memory: borrowing RemoteMemory
  ) throws(TransitionRefused.Reason) {
    self.map = map
    let images = MappedBinaries(asksKernel: false).images(map: map, memory: memory).map(\.image)
    guard let image = images.first(where: { $0.loadBias == binary.loadBias && $0.range == binary.range }) else {
      throw .buildNotMapped(binary.buildID)
    }
    // The executable is the image whose DT_DEBUG the dynamic linker has filled in.
    guard let executable = images.first(where: { $0.dynamic?.debug != nil }), let debug = executable.dynamic?.debug
    else {
      throw .unsupported(
        "a statically linked program, or one that is not yet linked: nothing says where its libraries are")
    }
    // A damaged name is no name of a dynamic linker that is known.
    let linker = (try? executable.interpreter(memory: memory)) ?? nil
    guard let linker, linker.split(separator: "/").last?.hasPrefix("ld-linux") ?? false else {
      throw .unsupported("the dynamic linker \(linker ?? "without a name"): only that of glibc is known")
    }
    objects = try LinkMap(debug: debug, holding: image, map: map, memory: memory).objects
    guard let target = objects.first(where: { $0.image == image }) else { throw .buildNotMapped(binary.buildID) }
    self.target = target
    scope = ImportResolver.scope(of: target, in: objects)
  }

  /// The addresses of some symbols, one for one; nil for a weak one that nothing defines.
  package func resolve(
    _ imports: [ImportReference], memory: borrowing RemoteMemory
  ) throws(TransitionRefused.Reason) -> [RemoteAddress?] {
    var addresses: [RemoteAddress?] = []
    for reference in imports { addresses.append(try resolve(reference, memory: memory)) }
    return addresses
  }

  // MARK: - One symbol

  private func resolve(
    _ reference: ImportReference, memory: borrowing RemoteMemory
  ) throws(TransitionRefused.Reason) -> RemoteAddress? {
    if let bound = boundSlot(of: target, reference, memory: memory) { return bound }
    var candidates = scope
    // A library that was opened later is in no scope that can be read; one that is named is meant all the same.
    if let library = reference.library {
      candidates += objects.filter { object in object.isNamed(library) && !scope.contains { $0.image == object.image } }
    }
    for object in candidates {
      guard let symbol = definition(of: reference, in: object) else { continue }
      if symbol.type == UInt8(STT_TLS) {
        throw .unsupported("\(reference.symbol): a thread-local variable of another library")
      }
      let isAbsolute = symbol.section == UInt16(SHN_ABS)
      guard let address = symbol.value.loaded(bias: isAbsolute ? 0 : object.image.loadBias) else { break }
      if symbol.type != UInt8(STT_GNU_IFUNC) { return address }
      if let chosen = chosen(by: address, in: object, reference, memory: memory) { return chosen }
      throw .unresolvedImport(symbol: reference.symbol, library: object.symbols.soname ?? object.name)
    }
    if reference.weak { return nil }
    throw .unresolvedImport(symbol: reference.symbol, library: reference.library)
  }

  /// The definition of an object that serves a reference, as the dynamic linker matches versions (elf/dl-lookup.c).
  private func definition(of reference: ImportReference, in object: LinkedObject) -> RemoteSymbol? {
    object.symbols.named(reference.symbol).first { symbol in
      guard symbol.isExported else { return false }
      guard let wanted = reference.version else { return symbol.isDefaultVersion }
      return object.symbols.definesVersions ? symbol.version == wanted : true
    }
  }

  /// What an object's own slot for a symbol holds; nil where it has none or it is not bound yet.
  private func boundSlot(
    of object: LinkedObject, _ reference: ImportReference, within range: Range<RemoteAddress>? = nil,
    memory: borrowing RemoteMemory
  ) -> RemoteAddress? {
    let indices = Set(
      object.symbols.named(reference.symbol).filter { symbol in
        reference.version == nil || symbol.version == nil || symbol.version == reference.version
      }.map(\.index))
    guard !indices.isEmpty else { return nil }
    for slot in object.slots where slot.type != 37 && indices.contains(slot.symbol) {
      // A slot that cannot be read holds nothing.
      guard let value = try? memory.integer(UInt64.self, at: slot.place), value != 0 else { continue }
      let address = RemoteAddress(value)
      guard let mapping = map.mapping(at: address), mapping.permissions.contains(.read) else { continue }
      if let range, !range.contains(address) { continue }
      // A slot of the procedure linkage table that is not bound yet leads back into that table.
      if slot.type == 7 {
        guard mapping.permissions.contains(.execute) else { continue }
        if object.image.range.contains(address) {
          let own = definition(of: reference, in: object)?.value.loaded(bias: object.image.loadBias)
          guard address == own else { continue }
        }
      }
      return address
    }
    return nil
  }

  /// What the resolver of an indirect function chose: the library's own slot for it, else any bound slot for the symbol.
  private func chosen(
    by resolver: RemoteAddress, in library: LinkedObject, _ reference: ImportReference, memory: borrowing RemoteMemory
  ) -> RemoteAddress? {
    for slot in library.slots where slot.type == 37 {
      guard LinkAddress(slot.addend).loaded(bias: library.image.loadBias) == resolver,
        let value = try? memory.integer(UInt64.self, at: slot.place)  // One that cannot be read holds nothing.
      else { continue }
      let address = RemoteAddress(value)
      // Before it is bound it holds its own resolver, or a link-time address.
      guard address != resolver, let mapping = map.mapping(at: address), mapping.permissions.contains(.execute) else {
        continue
      }
      return address
    }
    for object in objects {
      if let bound = boundSlot(of: object, reference, within: library.image.range, memory: memory), bound != resolver {
        return bound
      }
    }
    return nil
  }

  // MARK: - Scope

  /// The objects that a reference of the target is looked up in, in order: the global scope as far as the process began
  /// with it, then the target and what it needs, breadth-first.
  private static func scope(of target: LinkedObject, in objects: [LinkedObject]) -> [LinkedObject] {
    guard let executable = objects.first else { return [] }
    // What LD_PRELOAD names stands between the executable and the first library that it needs.
    let firstNeeded = objects.firstIndex { object in executable.symbols.needed.contains { object.isNamed($0) } }
    let preloaded = objects[1..<max(1, firstNeeded ?? 1)]
    var scope = closure(of: [executable] + preloaded, in: objects)
    for object in closure(of: [target], in: objects) where !scope.contains(where: { $0.image == object.image }) {
      scope.append(object)
    }
    return scope
  }

  /// Some objects and all that they need, breadth-first.
  private static func closure(of roots: [LinkedObject], in objects: [LinkedObject]) -> [LinkedObject] {
    var found = roots
    var index = 0
    while index < found.count {
      for needed in found[index].symbols.needed {
        guard let object = objects.first(where: { $0.isNamed(needed) }),
          !found.contains(where: { $0.image == object.image })
        else { continue }
        found.append(object)
      }
      index += 1
    }
    return found
  }
}
