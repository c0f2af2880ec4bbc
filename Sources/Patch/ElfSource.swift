internal import Glibc

/// Where an ELF file's bytes come from: memory, or an open file that is read piece by piece.
struct ElfSource: Sendable {
  /// An open file, closed when the last user is gone.
  private final class OpenFile: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { _ = close(descriptor) }
  }
  private enum Storage: Sendable {
    case memory([UInt8])
    case file(OpenFile)
  }

  /// The most that is read in one piece: more than any symbol table in use, and bounded.
  static let pieceLimit: UInt64 = 1 << 30

  private let storage: Storage
  /// The size of the file in bytes.
  let size: UInt64

  init(bytes: [UInt8]) {
    storage = .memory(bytes)
    size = UInt64(bytes.count)
  }

  init(path: String) throws(DamagedElf) {
    // O_NONBLOCK: a FIFO in somebody's mount namespace must not hold the tool; regular files ignore it.
    // SAFETY: the string lives for the length of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw DamagedElf(errno: errno, of: path) }
    let file = OpenFile(descriptor)
    var status = stat()
    // SAFETY: the structure outlives the call.
    guard unsafe fstat(descriptor, &status) == 0 else { throw DamagedElf(errno: errno, of: path) }
    guard status.st_mode & S_IFMT == S_IFREG, let size = UInt64(exactly: status.st_size) else {
      throw DamagedElf(field: path, found: "not a regular file", allowed: "a regular file")
    }
    storage = .file(file)
    self.size = size
  }

  /// Bytes of the file, all of them or an error that names the field.
  func read(_ field: @autoclosure () -> String, at offset: UInt64, count: UInt64) throws(DamagedElf) -> [UInt8] {
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= size else {
      throw DamagedElf(
        field: field(), offset: offset, found: "\(count) bytes from offset \(offset)",
        allowed: "what lies within the file's \(size) bytes")
    }
    guard count <= ElfSource.pieceLimit, let length = Int(exactly: count), let start = Int(exactly: offset) else {
      throw DamagedElf(
        field: field(), offset: offset, found: "\(count) bytes", allowed: "at most \(ElfSource.pieceLimit) bytes")
    }
    switch storage {
    case .memory(let bytes): return Array(bytes[start..<(start + length)])
    case .file(let file):
      var bytes = [UInt8](repeating: 0, count: length)
      var done = 0
      while done < length {
        // SAFETY: the buffer has `length` bytes, of which `length - done` lie behind `done`.
        let got = unsafe bytes.withUnsafeMutableBytes { buffer in
          unsafe pread(file.descriptor, buffer.baseAddress?.advanced(by: done), length - done, start + done)
        }
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else {
          // The file has become shorter since it was opened, or cannot be read.
          throw DamagedElf(
            field: field(), offset: offset, found: "\(done) bytes could be read", allowed: "\(length) bytes")
        }
        done += got
      }
      return bytes
    }
  }
}

extension DamagedElf {
  /// The kernel said no to a file.
  init(errno: Int32, of path: String) {
    // SAFETY: strerror answers a string that lives until its next call in this thread, and it is copied here.
    let text = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "errno \(errno)"
    self.init(field: path, found: text, allowed: "a file that can be read")
  }
}
