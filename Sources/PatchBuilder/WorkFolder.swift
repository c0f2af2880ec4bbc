internal import Glibc

/// A folder for the files of one build, removed with everything in it at the end.
struct WorkFolder: ~Copyable {
  let path: String

  /// Makes the folder under `TMPDIR` or `/tmp`.
  init() throws(BuildRefused) {
    // SAFETY: the environment is not changed by this tool; the text is copied at once.
    let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/lpreconcile-build.XXXXXX".utf8CString)
    // SAFETY: mkdtemp replaces the six X in place and answers the same buffer, or null.
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
    }
    guard made else { throw BuildRefused(.notWritable(errno: errno), at: parent) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The path of a file in the folder, which is removed with it.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  deinit {
    // Compilers write more than they are asked for (-save-temps, -gsplit-dwarf, --coverage): everything goes.
    Folder.remove(path)
  }
}
