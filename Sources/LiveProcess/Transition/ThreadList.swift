internal import Glibc

/// What `/proc` says about the threads of a process.
enum ThreadList {
  /// The thread numbers, the process's own first.
  static func read(_ process: ProcessID) -> [Int32] {
    ProcessLinks.names(in: "/proc/\(process)/task").compactMap { Int32($0) }.sorted()
  }

  /// The process's number in its own PID namespace: the last of `NSpid` (proc(5)).
  static func innermostNumber(of process: ProcessID) throws(SwitchRefusal) -> Int32 {
    let text: [UInt8]
    do throws(ProcessUnreadable) { text = try ProcessFile.read("status", of: process) } catch {
      throw SwitchRefusal(TransitionRefused.Reason(error))
    }
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: Array("NSpid:".utf8)) {
      let last = line.split(whereSeparator: { $0 == 9 || $0 == 32 }).last
      if let last, let number = Int32(String(decoding: last, as: UTF8.self)) { return number }
    }
    return process.value
  }
}
