internal import CTrace
internal import Glibc
internal import Patch

/// One look through all processes: what is decided once and used for each.
struct ScanPass: ~Copyable {
  private let question: ScanQuestion
  private var asksKernel: Bool
  private var query = MappingQuery()
  private let memoryDevice: MemoryFileDevice?
  /// What the paths mean in each mount namespace and root that has been met.
  private var views: [View: (paths: PathQuestion, elsewhere: [String: String])] = [:]
  private let literals: [String]

  /// What decides where a path leads: the mount namespace and the root directory in it.
  private struct View: Hashable {
    var namespace: UInt64
    var device: UInt64
    var inode: UInt64
  }

  init(_ question: ScanQuestion, asksKernel: Bool) {
    self.question = question
    self.asksKernel = asksKernel
    // Without the device every process is read in full: slower and as right.
    memoryDevice = try? MemoryFileDevice.current()
    literals = question.paths.filter { !$0.contains { "*?[\\".contains($0) } }
  }

  /// One process; nil when it has nothing that was asked for.
  mutating func examine(_ pid: ProcessID) throws(ProcessUnreadable) -> ObservedProcess? {
    let view = question.paths.isEmpty ? nil : view(of: pid)
    if asksKernel {
      switch try matters(pid, view: view) {
      case .no: return nil
      case .yes, .unclear: break
      }
    }
    let paths = view.flatMap { views[$0]?.paths } ?? PathQuestion(question.paths)
    return try ProcessDetail(question: question, asksKernel: asksKernel).read(pid, paths: paths)
  }

  /// The asked paths that lead elsewhere in the process's mount namespace.
  mutating func canonicalPaths(of pid: ProcessID) -> [String: String] {
    view(of: pid).flatMap { views[$0]?.elsewhere } ?? [:]
  }

  // MARK: - The quick question

  private enum Answer { case yes, no, unclear }

  /// Whether a process maps anything that was asked for, as far as the kernel can say.
  private mutating func matters(_ pid: ProcessID, view: View?) throws(ProcessUnreadable) -> Answer {
    let path = "/proc/\(pid)/maps"
    let maps: OwnedDescriptor
    do throws(SystemCallFailed) {
      maps = try OwnedDescriptor(opening: path)
    } catch {
      throw ProcessUnreadable(errno: error.errno, path: path)
    }
    var paths = view.flatMap { views[$0]?.paths } ?? PathQuestion(question.paths)
    defer { if let view { views[view]?.paths = paths } }

    var address: UInt64 = 0
    while true {
      let code = query.next(
        maps.value, from: address, flags: UInt64(OBSERVE_VMA_EXECUTABLE | OBSERVE_FILE_BACKED),
        wantsName: !question.paths.isEmpty, wantsBuildID: !question.builds.isEmpty)
      if code == ENOENT { break }
      switch code {
      case 0: break
      // No memory: a kernel thread, a zombie, or a process that has just ended.
      case ESRCH:
        let stat = try ProcessStat.read(pid)
        return stat.isKernelThread || (stat.isZombie && stat.threads <= 1) ? .no : .unclear
      case ENAMETOOLONG: return .unclear
      // An older kernel does not know the question.
      case ENOTTY, EINVAL:
        asksKernel = false
        return .unclear
      default: throw .denied(errno: code, path: path)
      }
      let end = query.answer.vma_end
      if !question.builds.isEmpty {
        let found = unsafe query.foundBuildID
        // A file whose note the kernel does not find is looked at in memory.
        if unsafe found.isEmpty { return .unclear }
        if let id = unsafe BuildID(bytes: found), question.builds.contains(id) { return .yes }
      }
      if !question.paths.isEmpty, unsafe paths.matches(query.foundName) { return .yes }
      if isOurs(maps.value) { return .yes }
      address = end
    }
    return try carriesPatches(maps.value, path)
  }

  /// A patch that only sets values has no code: its state word is in a writable mapping of a memory file.
  private mutating func carriesPatches(_ maps: Int32, _ path: String) throws(ProcessUnreadable) -> Answer {
    var address: UInt64 = 0
    while true {
      let code = query.next(
        maps, from: address, flags: UInt64(OBSERVE_VMA_WRITABLE | OBSERVE_FILE_BACKED), wantsName: false,
        wantsBuildID: false)
      if code == ENOENT { return .no }
      guard code == 0 else { return .unclear }
      let end = query.answer.vma_end
      if isOurs(maps) { return .yes }
      address = end
    }
  }

  /// Whether the last answer is a mapping of ours: a memory file of such a name.
  ///
  /// Asks again, and changes the answer.
  private mutating func isOurs(_ maps: Int32) -> Bool {
    if let memoryDevice {
      // Shared memory without a name lies on the same device.
      guard query.answer.dev_major == memoryDevice.major, query.answer.dev_minor == memoryDevice.minor else {
        return false
      }
    }
    let code = query.next(maps, from: query.answer.vma_start, flags: 0, wantsName: true, wantsBuildID: false)
    return unsafe code == 0 && query.foundName.starts(with: ScanPass.ourName)
  }

  private static let ourName = Array("/memfd:lpreconcile:".utf8)

  // MARK: - Mount namespaces

  private mutating func view(of pid: ProcessID) -> View? {
    guard !literals.isEmpty else { return nil }
    var namespace = observe_file()
    var root = observe_file()
    // SAFETY: the strings are terminated and live for the calls, which write one structure each.
    guard unsafe observe_stat(AT_FDCWD, "/proc/\(pid)/ns/mnt", 0, &namespace) == 0,
      unsafe observe_stat(AT_FDCWD, "/proc/\(pid)/root", 0, &root) == 0
    else { return nil }
    let view = View(namespace: namespace.inode, device: root.device, inode: root.inode)
    if views[view] == nil {
      var elsewhere: [String: String] = [:]
      // A root that cannot be opened now resolves nothing; the process itself is read, or reported, all the same.
      if let root = try? ProcessRoot(of: pid) {
        for path in literals {
          if let canonical = root.canonicalPath(of: path), canonical != path { elsewhere[path] = canonical }
        }
      }
      views[view] = (PathQuestion(question.paths, canonical: Array(elsewhere.values)), elsewhere)
    }
    return view
  }
}
