internal import CElf
internal import CTrace
internal import Glibc
internal import Patch

/// Finds the ELF files that a process has mapped to run: each load of a file by itself, with its own load bias.
package struct MappedBinaries: Sendable {
  /// Whether the kernel is asked for build-ids where it can answer; otherwise the notes in memory are read.
  package var asksKernel: Bool

  package init(asksKernel: Bool = true) { self.asksKernel = asksKernel }

  /// The binaries of a process, the executable first and the others by address.
  ///
  /// A file that is mapped but not to be run (read as data) is none; neither is one without a build-id.
  package func read(
    _ process: ProcessID, map: MemoryMap, memory: borrowing RemoteMemory
  ) throws(ProcessUnreadable) -> [MappedBinary] {
    let executable = ProcessRoot.link("/proc/\(process)/exe")
    var found: [MappedBinary] = []
    for (mapping, image) in images(map: map, memory: memory) {
      guard let buildID = buildID(process, image, memory: memory) else { continue }
      var path = mapping.path
      var isDeleted = mapping.isDeleted
      if isDeleted, isNamedSo(process, mapping) {
        path += " (deleted)"
        isDeleted = false
      }
      found.append(
        MappedBinary(buildID: buildID, path: path, isDeleted: isDeleted, loadBias: image.loadBias, range: image.range))
    }
    // The executable's range holds the entry that the kernel jumped to; its link in /proc names it.
    if let index = found.firstIndex(where: { executable == $0.path || executable == $0.path + " (deleted)" }) {
      found.insert(found.remove(at: index), at: 0)
    }
    return found
  }

  /// Every ELF image that is mapped to run, with the mapping of its header.
  func images(map: MemoryMap, memory: borrowing RemoteMemory) -> [(mapping: Mapping, image: RemoteELF)] {
    // Only files of which something is mapped to be executed can be one.
    let executableFiles = Set(map.mappings.compactMap { $0.permissions.contains(.execute) ? $0.file : nil })
    var found: [(Mapping, RemoteELF)] = []
    for mapping in map.mappings {
      guard mapping.offset == 0, mapping.permissions.contains(.read), let file = mapping.file,
        executableFiles.contains(file)
      else { continue }
      // What is no ELF image, or a damaged one, cannot be run and is no binary: an archive, a font, a device.
      guard let image = try? RemoteELF(headerAt: mapping.range.lowerBound, memory: memory) else { continue }
      let runs = image.textRanges.contains { text in
        guard let there = map.mapping(at: text.lowerBound) else { return false }
        return there.file == file && there.permissions.contains(.execute)
      }
      if runs { found.append((mapping, image)) }
    }
    return found
  }

  private func buildID(_ process: ProcessID, _ image: RemoteELF, memory: borrowing RemoteMemory) -> BuildID? {
    if asksKernel, let text = image.textRanges.first,
      let found = MappedBinaries.kernelBuildID(process, at: text.lowerBound)
    {
      return found
    }
    // The kernel knows no note of more than 20 bytes or beyond the first pages; without a note there is no build.
    return try? image.buildID(memory: memory)
  }

  private static func kernelBuildID(_ process: ProcessID, at address: RemoteAddress) -> BuildID? {
    // A process that may not be asked is found out by the reading of its memory.
    guard let maps = try? OwnedDescriptor(opening: "/proc/\(process)/maps") else { return nil }
    var query = MappingQuery()
    guard query.next(maps.value, from: address.value, flags: 0, wantsName: false, wantsBuildID: true) == 0,
      query.answer.vma_start <= address.value
    else { return nil }
    return unsafe BuildID(bytes: query.foundBuildID)
  }

  /// Whether a file that seems deleted has a name that ends so: the file of that whole name is the mapped one.
  private func isNamedSo(_ process: ProcessID, _ mapping: Mapping) -> Bool {
    var named = observe_file()
    var mapped = observe_file()
    let range =
      String(mapping.range.lowerBound.value, radix: 16) + "-" + String(mapping.range.upperBound.value, radix: 16)
    // SAFETY: the strings are terminated and live for the calls, which write one structure each.
    return unsafe observe_stat(AT_FDCWD, "/proc/\(process)/root\(mapping.path) (deleted)", AT_SYMLINK_NOFOLLOW, &named)
      == 0
      && observe_stat(AT_FDCWD, "/proc/\(process)/map_files/\(range)", 0, &mapped) == 0
      && named.device == mapped.device && named.inode == mapped.inode
  }
}
