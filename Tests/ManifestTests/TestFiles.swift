import Glibc
import Testing

/// The package's files as the tests find them, and a folder of its own for a test.
enum TestFiles {
  /// A folder of fixtures.
  static func fixtures(_ folder: String) -> String { directory + "/Fixtures/" + folder }

  /// The package's root.
  static var package: String {
    directory.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
  }

  private static var directory: String {
    String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let file = unsafe fopen(path, "r") else { throw NotReadable(path: path) }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe fread(&piece, 1, piece.count, file)
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = unsafe fopen(path, "w") else { throw NotReadable(path: path) }
    defer { unsafe fclose(file) }
    guard unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw NotReadable(path: path) }
  }

  struct NotReadable: Error {
    var path: String
  }
}

/// A folder that is removed with everything in it.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/lpreconcile-manifest-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw TestFiles.NotReadable(path: "/tmp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    TemporaryFolder.remove(path)
  }

  private static func remove(_ path: String) {
    // A link, a file and an empty folder go at once; so nothing behind a link is touched.
    if unsafe Glibc.remove(path) == 0 { return }
    if let names = try? ManifestNames.all(in: path) {
      for name in names where name != "." && name != ".." { remove(path + "/" + name) }
    }
    _ = unsafe Glibc.remove(path)
  }

  /// Makes a folder and those above it.
  func folder(_ name: String) -> String {
    var made = path
    for part in name.split(separator: "/") {
      made += "/" + part
      _ = unsafe mkdir(made, 0o755)
    }
    return made
  }

  func file(_ name: String, _ text: String) throws -> String {
    if let slash = name.lastIndex(of: "/") { _ = folder(String(name[..<slash])) }
    let file = path + "/" + name
    try TestFiles.write(Array(text.utf8), to: file)
    return file
  }
}
