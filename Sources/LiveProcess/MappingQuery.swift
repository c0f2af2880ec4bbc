internal import CTrace
internal import Glibc

/// Asks the kernel about one mapping after another, by the ioctl `PROCMAP_QUERY` on `/proc/PID/maps` (Linux 6.11).
///
/// One value serves all processes of a scan: its buffers are allocated once.
@safe struct MappingQuery: ~Copyable {
  /// What the last query answered.
  private(set) var answer = observe_procmap_query()
  private let name: UnsafeMutableRawBufferPointer
  private let buildID: UnsafeMutableRawBufferPointer

  /// The most bytes of a name: longer ones the kernel refuses with `ENAMETOOLONG`.
  private static let nameSize = 4096 + 16

  init() {
    unsafe name = .allocate(byteCount: MappingQuery.nameSize, alignment: 16)
    unsafe buildID = .allocate(byteCount: 64, alignment: 16)
  }

  deinit {
    unsafe name.deallocate()
    unsafe buildID.deallocate()
  }

  /// Asks about the first mapping at or after an address that has some properties.
  ///
  /// `maps`: the descriptor of `/proc/PID/maps`.
  /// `flags`: `OBSERVE_VMA_…`; `OBSERVE_COVERING_OR_NEXT` is added.
  /// - wantsName, wantsBuildID: what to fill in; each costs.
  /// Returns 0, `ENOENT` behind the last mapping, `ESRCH` where there is no memory, or another errno value.
  mutating func next(
    _ maps: Int32, from address: UInt64, flags: UInt64, wantsName: Bool, wantsBuildID: Bool
  ) -> Int32 {
    answer.size = UInt64(MemoryLayout<observe_procmap_query>.size)
    answer.query_flags = flags | UInt64(OBSERVE_COVERING_OR_NEXT)
    answer.query_addr = address
    // SAFETY: the kernel writes at most the sizes given here into the two buffers, which live as long as this value.
    answer.vma_name_addr = wantsName ? UInt64(UInt(bitPattern: unsafe name.baseAddress)) : 0
    answer.vma_name_size = wantsName ? UInt32(MappingQuery.nameSize) : 0
    answer.build_id_addr = wantsBuildID ? UInt64(UInt(bitPattern: unsafe buildID.baseAddress)) : 0
    answer.build_id_size = wantsBuildID ? 64 : 0
    return unsafe observe_procmap_query(maps, &answer)
  }

  /// The build-id of the last answer; empty when the kernel found none.
  var foundBuildID: UnsafeRawBufferPointer {
    // SAFETY: the kernel wrote that many bytes.
    unsafe UnsafeRawBufferPointer(rebasing: buildID[..<min(Int(answer.build_id_size), 64)])
  }

  /// The name of the last answer without its terminator; empty when it has none.
  var foundName: UnsafeRawBufferPointer {
    // SAFETY: the kernel wrote that many bytes, the last of them 0.
    unsafe UnsafeRawBufferPointer(rebasing: name[..<max(0, min(Int(answer.vma_name_size), MappingQuery.nameSize) - 1)])
  }
}
