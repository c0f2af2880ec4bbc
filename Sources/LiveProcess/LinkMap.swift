internal import Patch

/// The objects of one namespace of a process's dynamic linker, as its own list names them (`struct r_debug`, link.h).
struct LinkMap: Sendable {
  /// In the order of the list: the executable, what LD_PRELOAD names, the needed libraries breadth-first, then what was
  /// opened later.
  let objects: [LinkedObject]

  /// The most objects and namespaces that are followed.
  private static let objectLimit = 8_192
  private static let namespaceLimit = 64

  /// The namespace that holds an image.
  ///
  /// `debug`: where `DT_DEBUG` of the executable leads.
  init(
    debug: RemoteAddress, holding target: RemoteELF, map: MemoryMap, memory: borrowing RemoteMemory
  ) throws(TransitionRefused.Reason) {
    var next: RemoteAddress? = debug
    for _ in 0..<LinkMap.namespaceLimit {
      guard let here = next else { break }
      // r_version (4 bytes), r_map, r_brk, r_state, r_ldbase, and since version 2 r_next.
      let header = try LinkMap.read(48, at: here, memory: memory)
      let entries = try LinkMap.entries(header.little(UInt64.self, at: 8) ?? 0, memory: memory)
      if entries.contains(where: { $0.bias == target.loadBias && $0.dynamic == target.dynamic?.place }) {
        objects = try LinkMap.load(entries, map: map, memory: memory)
        return
      }
      let version = header.little(UInt32.self, at: 0) ?? 0
      next = version >= 2 ? header.little(UInt64.self, at: 40).flatMap { $0 == 0 ? nil : RemoteAddress($0) } : nil
    }
    throw .unsupported("the dynamic linker of the process does not know the patched file")
  }

  private typealias Entry = (bias: UInt64, name: String, dynamic: RemoteAddress)

  /// `struct link_map`: l_addr, l_name, l_ld, l_next, l_prev.
  private static func entries(
    _ first: UInt64, memory: borrowing RemoteMemory
  ) throws(TransitionRefused.Reason) -> [Entry] {
    var entries: [Entry] = []
    var next = first
    while next != 0 {
      guard entries.count < objectLimit else { throw .unsupported("the dynamic linker's list does not end") }
      let bytes = try read(32, at: RemoteAddress(next), memory: memory)
      guard let bias = bytes.little(UInt64.self, at: 0), let name = bytes.little(UInt64.self, at: 8),
        let dynamic = bytes.little(UInt64.self, at: 16), let following = bytes.little(UInt64.self, at: 24)
      else { break }
      entries.append((bias, text(at: RemoteAddress(name), memory: memory), RemoteAddress(dynamic)))
      next = following
    }
    return entries
  }

  private static func load(
    _ entries: [Entry], map: MemoryMap, memory: borrowing RemoteMemory
  ) throws(TransitionRefused.Reason) -> [LinkedObject] {
    var images: [RemoteAddress: RemoteELF] = [:]
    for (_, image) in MappedBinaries(asksKernel: false).images(map: map, memory: memory) {
      if let dynamic = image.dynamic { images[dynamic.place] = image }
    }
    var objects: [LinkedObject] = []
    for entry in entries {
      guard let image = images[entry.dynamic], image.loadBias == entry.bias else {
        // The kernel's vdso is in the list, and in nobody's scope.
        if map.mapping(at: entry.dynamic)?.path == "[vdso]" { continue }
        throw .unsupported("the library \(entry.name) cannot be read")
      }
      do throws(DamagedImage) {
        objects.append(try LinkedObject(name: entry.name, image: image, memory: memory))
      } catch {
        throw .unsupported("the library \(entry.name) is damaged in memory")
      }
    }
    return objects
  }

  private static func read(
    _ count: Int, at address: RemoteAddress, memory: borrowing RemoteMemory
  ) throws(TransitionRefused.Reason) -> [UInt8] {
    do throws(MemoryAccessFailed) {
      return try memory.read(count, at: address)
    } catch {
      throw .unsupported("the dynamic linker's list cannot be read at \(error.address)")
    }
  }

  /// A terminated string of at most 4096 bytes; empty when there is none.
  private static func text(at address: RemoteAddress, memory: borrowing RemoteMemory) -> String {
    // Up to the end of the page first: the next may not be mapped.
    let inPage = Int(4096 - address.value % 4096)
    guard var bytes = try? memory.read(inPage, at: address) else { return "" }
    if !bytes.contains(0), let behind = address.advanced(by: UInt64(inPage)),
      let more = try? memory.read(4096, at: behind)
    {
      bytes += more
    }
    return bytes.contains(0) ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : ""
  }
}
