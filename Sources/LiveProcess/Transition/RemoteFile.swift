internal import CTrace
internal import Glibc
internal import Patch

/// A memory file that a thread of the target makes, the tool fills, and the target maps.
enum RemoteFile {
  // The numbers of the x86-64 system call table (arch/x86/entry/syscalls/syscall_64.tbl).
  static let memfdCreate = 319
  static let mmap = 9
  static let munmap = 11
  static let close = 3
  static let processWrite = 311

  // memfd_create(2).
  private static let closeOnExec: UInt64 = 1
  private static let noExecSeal: UInt64 = 8
  // mmap(2).
  private static let isPrivate: UInt64 = 0x02
  private static let fixed: UInt64 = 0x10
  private static let fixedNoReplace: UInt64 = 0x10_0000

  /// A part of a memory file and where and how it is mapped.
  struct Part {
    var offset: UInt64
    var size: UInt64
    /// 1 readable, 2 writable, 4 executable.
    var protection: UInt64
  }

  /// The calls that a mapping needs, for the choice of a thread.
  static let calls = [
    RemoteSystemCall(memfdCreate), RemoteSystemCall(mmap), RemoteSystemCall(munmap), RemoteSystemCall(close),
  ]

  /// What was made and mapped.
  struct Mapped: ~Copyable {
    let start: RemoteAddress
    private let file: OwnedDescriptor

    fileprivate init(at start: RemoteAddress, of file: consuming OwnedDescriptor) {
      self.start = start
      self.file = file
    }

    /// Changes some bytes of the file, and so of the mapping, whose pages are the file's as long as nobody has written to them.
    ///
    /// That asks for no way into pages that the process may only read.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(TraceRefused) {
      try RemoteFile.write(bytes, at: offset, to: file)
    }
  }

  /// Makes a file with a content and maps it; nothing is left of it when that fails.
  ///
  /// `base`: where; nil for wherever the kernel likes.
  /// `parts`: the first covers all of the file, the others lie over it.
  /// Returns where it is; nil when something else is there now.
  static func map(
    _ content: [UInt8], name: String, at base: RemoteAddress?, parts: [Part], of process: ProcessID,
    by call: inout RemoteCall
  ) throws(TraceRefused) -> Mapped? {
    let text = try call.place(Array(name.utf8) + [0])
    var made: Int64 = try call.perform(memfdCreate, text.value, closeOnExec | noExecSeal)
    // Before Linux 6.3 the kernel does not know the second flag.
    if made == -Int64(EINVAL) { made = try call.perform(memfdCreate, text.value, closeOnExec) }
    guard made >= 0, let descriptor = Int32(exactly: made) else {
      throw .kernel(call: "memfd_create", errno: Int32(clamping: -made))
    }
    do throws(TraceRefused) {
      let file = try fill(descriptor, of: process, with: content)
      let start = try map(descriptor, size: UInt64(content.count), at: base, parts: parts, by: &call)
      _ = try call.perform(close, UInt64(descriptor))
      guard let start else { return nil }
      return Mapped(at: start, of: file)
    } catch {
      // The first failure is the one to report; what is left of the file, the next run finds by its name.
      _ = try? call.perform(close, UInt64(descriptor))
      throw error
    }
  }

  private static func map(
    _ descriptor: Int32, size: UInt64, at base: RemoteAddress?, parts: [Part], by call: inout RemoteCall
  ) throws(TraceRefused) -> RemoteAddress? {
    guard let whole = parts.first else { return nil }
    let flags = isPrivate | (base == nil ? 0 : fixedNoReplace)
    let start = try call.perform(
      mmap, base?.value ?? 0, size, whole.protection, flags, UInt64(descriptor), 0)
    if start == -Int64(EEXIST) { return nil }
    guard start >= 0 else { throw .kernel(call: "mmap", errno: Int32(clamping: -start)) }
    let address = RemoteAddress(UInt64(start))
    // Before Linux 4.17 the flag is a hint only.
    guard base == nil || base == address else {
      _ = try call.perform(munmap, address.value, size)
      return nil
    }
    for part in parts.dropFirst() {
      let result = try call.perform(
        mmap, address.value + part.offset, part.size, part.protection, isPrivate | fixed, UInt64(descriptor),
        part.offset)
      guard result >= 0 else {
        _ = try call.perform(munmap, address.value, size)
        throw .kernel(call: "mmap", errno: Int32(clamping: -result))
      }
    }
    return address
  }

  /// Opens a memory file of another process through its descriptor there, and fills it.
  private static func fill(
    _ descriptor: Int32, of process: ProcessID, with content: [UInt8]
  ) throws(TraceRefused) -> OwnedDescriptor {
    let path = "/proc/\(process)/fd/\(descriptor)"
    let file: OwnedDescriptor
    do throws(SystemCallFailed) { file = try OwnedDescriptor(opening: path, flags: O_RDWR) } catch {
      throw .kernel(call: "open(\(path))", errno: error.errno)
    }
    guard ftruncate(file.value, off_t(content.count)) == 0 else { throw .kernel(call: "ftruncate", errno: errno) }
    try write(content, at: 0, to: file)
    return file
  }

  private static func write(
    _ content: [UInt8], at offset: UInt64, to file: borrowing OwnedDescriptor
  ) throws(TraceRefused) {
    var rest = 0
    while rest < content.count {
      var done = 0
      let part = Array(content[rest...])
      // SAFETY: the count is that of the array, which lives for the call.
      let error = unsafe observe_pwrite(file.value, part, part.count, offset + UInt64(rest), &done)
      if error == EINTR { continue }
      guard error == 0, done > 0 else { throw .kernel(call: "pwrite of a memory file", errno: error) }
      rest += done
    }
  }
}
