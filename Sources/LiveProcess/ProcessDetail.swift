internal import CTrace
internal import Glibc
internal import Patch

/// Reads everything about one process that a report holds, consistently: again when it has called exec in between.
struct ProcessDetail {
  /// How often an exec in between is followed before the process is reported as unreadable.
  private static let attempts = 5

  let question: ScanQuestion
  /// Whether the kernel is asked for build-ids; otherwise the notes in memory are read.
  let asksKernel: Bool

  /// One process; nil when it maps nothing that was asked for.
  ///
  /// `paths`: decides about paths in the terms of the process's mount namespace.
  func read(_ pid: ProcessID, paths: PathQuestion) throws(ProcessUnreadable) -> ObservedProcess? {
    let handle = try ProcessHandle(pid)
    for attempt in 1...ProcessDetail.attempts {
      let before = try ProcessStat.read(pid)
      if before.isKernelThread || (before.isZombie && before.threads <= 1) { return nil }
      guard before.startTime == handle.identity.startTime else { throw .gone }
      let seen = try look(handle.identity, before, paths: paths)
      let after = try ProcessStat.read(pid)
      guard handle.isRunning, after.startTime == before.startTime else { throw .gone }
      guard after.image == before.image else { continue }
      // No arguments: in the middle of an exec, the new program is mapped before its stack is made. It may have lost its CPU there.
      guard let process = seen, process.arguments.isEmpty, attempt < ProcessDetail.attempts else { return seen }
      usleep(2_000)
    }
    throw .denied(errno: EAGAIN, path: "/proc/\(pid)/maps")
  }

  /// What is known of a process that may not be read, from the files that everybody may read.
  static func unreadable(
    _ pid: ProcessID, errno code: Int32, path: String
  ) throws(ProcessUnreadable) -> ObservedProcess? {
    let stat = try ProcessStat.read(pid)
    if stat.isKernelThread || (stat.isZombie && stat.threads <= 1) { return nil }
    var process = ObservedProcess(
      identity: ProcessIdentity(pid: pid, startTime: stat.startTime), name: stat.name, arguments: [], userID: .max,
      cgroup: "/", binaries: [], patches: [], leftovers: [], unreadable: .denied(errno: code, path: path))
    try describe(&process)
    return process
  }

  // MARK: - One look

  private func look(
    _ identity: ProcessIdentity, _ stat: ProcessStat, paths: PathQuestion
  ) throws(ProcessUnreadable) -> ObservedProcess? {
    let map = try MemoryMap.read(identity.pid)
    // The leader has ended and its threads live on: their memory cannot be reached by the process's own files.
    if map.mappings.isEmpty && stat.isZombie { throw .denied(errno: ESRCH, path: "/proc/\(identity.pid)/maps") }
    let carriesPatches = map.mappings.contains { $0.memoryFileName?.hasPrefix("lpreconcile:") ?? false }
    let memory = try RemoteMemory(of: identity.pid)
    var binaries = try MappedBinaries(asksKernel: asksKernel).read(identity.pid, map: map, memory: memory)
    let matters = binaries.contains { question.builds.contains($0.buildID) || paths.decide($0.path) }
    guard matters || carriesPatches else { return nil }
    if !carriesPatches {
      binaries = binaries.enumerated().filter { index, binary in
        question.builds.contains(binary.buildID) || paths.decide(binary.path)
      }.map(\.element)
    }
    var process = ObservedProcess(
      identity: identity, name: stat.name, arguments: [], userID: .max, cgroup: "/", binaries: binaries, patches: [],
      leftovers: [])
    try ProcessDetail.describe(&process)
    return process
  }

  private static func describe(_ process: inout ObservedProcess) throws(ProcessUnreadable) {
    let pid = process.identity.pid
    let arguments = try ProcessFile.read("cmdline", of: pid)
    process.arguments = arguments.split(separator: 0, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    // Each argument ends in a zero byte: behind the last one lies nothing.
    if process.arguments.last == "" { process.arguments.removeLast() }
    for line in try ProcessFile.read("status", of: pid).split(separator: UInt8(ascii: "\n")) {
      var scanner = ByteScanner(line)
      if scanner.skip("Uid:\t"), let user = scanner.decimal() {
        process.userID = UInt32(clamping: user)
      } else if scanner.skip("TracerPid:\t"), let tid = scanner.decimal(), tid > 0 {
        // A name that cannot be read is left empty: the number says enough.
        let name = try? ProcessFile.read("comm", of: ProcessID(Int32(clamping: tid)))
        process.tracer = ObservedProcess.Tracer(
          tid: Int32(clamping: tid), name: String(decoding: (name ?? []).prefix { $0 != 10 }, as: UTF8.self))
      }
    }
    for line in try ProcessFile.read("cgroup", of: pid).split(separator: UInt8(ascii: "\n")) {
      var scanner = ByteScanner(line)
      if scanner.skip("0::") { process.cgroup = String(decoding: scanner.rest, as: UTF8.self) }
    }
  }
}
