internal import CTrace
internal import Glibc
internal import Patch

/// Looks through all processes for those that map certain builds or files, or carry patches.
///
/// Most processes map nothing that was asked for: of those as little as possible is read. Where the kernel answers
/// `PROCMAP_QUERY` (Linux 6.11) that is one question for each executable mapping; else all mappings and ELF headers.
package struct ProcessScan: Sendable {
  /// How build-ids are found.
  package enum Method: Sendable {
    /// By the kernel where it answers, else from memory.
    case automatic
    /// From `/proc/PID/maps` and the notes in memory, as on kernels before 6.11.
    case memory
  }

  private let question: ScanQuestion
  private let method: Method

  package init(_ question: ScanQuestion, method: Method = .automatic) {
    self.question = question
    self.method = method
  }

  /// Looks once; a process that ends in between is not reported.
  ///
  /// `progress`: called with how many of how many processes have been looked at, before each.
  package func run(progress: (Int, Int) -> Void = { _, _ in }) throws(SystemCallFailed) -> ScanResult {
    var pass = ScanPass(question, asksKernel: method == .automatic)
    var result = ScanResult(processes: [], canonicalPaths: [:])
    let all: [ProcessID]
    if let processes = question.processes { all = processes.sorted() } else { all = try ProcessScan.allProcesses() }
    for (index, pid) in all.enumerated() {
      progress(index, all.count)
      do throws(ProcessUnreadable) {
        guard let process = try pass.examine(pid) else { continue }
        result.processes.append(process)
        if process.unreadable == nil {
          let elsewhere = pass.canonicalPaths(of: pid)
          if !elsewhere.isEmpty { result.canonicalPaths[process.identity] = elsewhere }
        }
      } catch {
        if let process = ProcessScan.report(pid, error) { result.processes.append(process) }
      }
    }
    return result
  }

  /// How a process is reported that could not be read; nil for one that has ended.
  private static func report(_ pid: ProcessID, _ why: ProcessUnreadable) -> ObservedProcess? {
    switch why {
    case .gone: nil
    // It may end before its name can be read.
    case .denied(let errno, let path): try? ProcessDetail.unreadable(pid, errno: errno, path: path)
    case .malformed(let path, _): try? ProcessDetail.unreadable(pid, errno: EBADMSG, path: path)
    }
  }

  /// The numbers of all processes that `/proc` shows, ascending.
  static func allProcesses() throws(SystemCallFailed) -> [ProcessID] {
    let directory = try OwnedDescriptor(opening: "/proc", flags: O_RDONLY | O_DIRECTORY)
    var buffer = [UInt8](repeating: 0, count: 32 << 10)
    var found: [ProcessID] = []
    while true {
      var done = 0
      // SAFETY: the size is that of the buffer.
      let error = unsafe observe_directory_entries(directory.value, &buffer, buffer.count, &done)
      guard error == 0 else { throw SystemCallFailed(call: "getdents64", errno: error) }
      if done == 0 { return found.sorted() }
      // struct linux_dirent64: inode and offset of 8 bytes, length of 2, type of 1, the name (getdents(2)).
      var at = 0
      while at + 19 < done, let length = buffer.little(UInt16.self, at: at + 16), length > 19 {
        var name = ByteScanner(buffer[(at + 19)..<min(at + Int(length), done)])
        if let number = name.decimal().flatMap(Int32.init(exactly:)), name.rest.first == 0 {
          found.append(ProcessID(number))
        }
        at += Int(length)
      }
    }
  }
}
