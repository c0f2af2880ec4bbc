/// The fields of `/proc/PID/stat` that tell what a process is (proc(5)).
package struct ProcessStat: Equatable, Sendable {
  /// The kernel's short name for it (`comm`), at most 15 bytes (63 for a kernel thread).
  package let name: String
  /// What it does, as proc(5) names it: `R`, `S`, `D`, `Z`, `T`, `t`, `X`, `I`.
  package let state: Character
  /// The parent's number.
  package let parent: ProcessID
  /// How many threads it has; for a zombie those that live on.
  package let threads: UInt64
  /// When it started, in clock ticks after boot.
  package let startTime: UInt64
  /// Whether it is a thread of the kernel (`PF_KTHREAD`).
  package let isKernelThread: Bool
  /// Where its code and its stack begin: other values after an exec; 0 when the reader may not know.
  package let image: Image

  /// What an exec changes, as far as the addresses are laid out at random.
  package struct Image: Equatable, Sendable {
    package let startCode: UInt64
    package let startStack: UInt64
    package let argumentStart: UInt64
  }

  /// Whether it has ended and not been waited for.
  package var isZombie: Bool { state == "Z" || state == "X" }

  /// Reads the file of a process.
  package static func read(_ process: ProcessID) throws(ProcessUnreadable) -> ProcessStat {
    guard let stat = ProcessStat(parsing: try ProcessFile.read("stat", of: process, limit: 1 << 16)) else {
      throw .malformed(path: "/proc/\(process)/stat", line: 1)
    }
    return stat
  }

  /// Parses the file's one line.
  ///
  /// A name may hold spaces, parentheses and newlines: it ends at the last parenthesis.
  init?(parsing text: [UInt8]) {
    guard let open = text.firstIndex(of: UInt8(ascii: "(")), let close = text.lastIndex(of: UInt8(ascii: ")")),
      open < close
    else { return nil }
    name = String(decoding: text[(open + 1)..<close], as: UTF8.self)
    // Field 3 of proc(5) is the first behind the name.
    let fields = text[(close + 1)...].split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") })
    func number(_ field: Int) -> UInt64? {
      guard fields.indices.contains(field - 3) else { return nil }
      var scanner = ByteScanner(fields[field - 3])
      guard let value = scanner.decimal(), scanner.rest.isEmpty else { return nil }
      return value
    }
    guard let state = fields.first?.first, let parent = number(4).flatMap(Int32.init(exactly:)), let flags = number(9),
      let threads = number(20),
      let startTime = number(22), let startCode = number(26), let startStack = number(28)
    else { return nil }
    self.state = Character(Unicode.Scalar(state))
    self.parent = ProcessID(parent)
    self.threads = threads
    self.startTime = startTime
    isKernelThread = flags & 0x0020_0000 != 0
    image = Image(startCode: startCode, startStack: startStack, argumentStart: number(48) ?? 0)
  }
}
