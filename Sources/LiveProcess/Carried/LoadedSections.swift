package import Patch

/// Where the sections of an artifact lie in a process that carries it, so that a debugger can be told.
package struct LoadedSections: Equatable, Sendable {
  /// A section of the artifact.
  package struct Section: Equatable, Sendable {
    package let name: String
    package let address: RemoteAddress
  }
  /// Those that are loaded and not empty, by address; each name once.
  package let sections: [Section]

  /// Finds them, without stopping the process; nil where it does not carry the artifact.
  package static func read(
    _ artifact: PatchArtifact, in process: ProcessID
  ) throws(PatchesUnreadable) -> LoadedSections? {
    let map: MemoryMap
    let memory: RemoteMemory
    do throws(ProcessUnreadable) {
      map = try MemoryMap.read(process)
      memory = try RemoteMemory(of: process)
    } catch { throw .process(error) }
    let carried = try CarriedPatches.read(process, map: map, memory: memory)
    return carried.ledgers.first { $0.id == artifact.id }.flatMap { LoadedSections(of: artifact, in: $0) }
  }

  /// Divides the mapping as it was divided when it was loaded; nil where another version of the tool did that otherwise.
  init?(of artifact: PatchArtifact, in ledger: Ledger) {
    guard let head = ledger.parts.first, head.offset == 0 else { return nil }
    let linker = PatchLinker(artifact, ledgerSize: head.size)
    guard linker.layout.parts.map({ [$0.offset, $0.size] }) == ledger.parts.map({ [$0.offset, $0.size] }) else {
      return nil
    }
    var names: Set<String> = []
    sections = linker.sectionOffsets.sorted { $0.offset < $1.offset }.filter { names.insert($0.name).inserted }
      .map { Section(name: $0.name, address: RemoteAddress(ledger.base.value + $0.offset)) }
  }
}
