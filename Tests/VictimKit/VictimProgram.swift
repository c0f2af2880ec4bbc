internal import Glibc
internal import Synchronization

/// A compiled victim: made once per test process for each combination of source and flags.
package struct VictimProgram: Sendable, Hashable {
  /// The executable or shared library.
  package let path: String

  /// A program that lies there already.
  package init(path: String) { self.path = path }

  /// The folder of the victims' sources.
  package static let sources: String = {
    let file = #filePath
    return String(file.prefix(upTo: file.range(ofLastComponents: 2))) + "/Victims"
  }()

  private struct Key: Hashable, Sendable {
    var source: String
    var compiler: String
    var flags: [String]
    var stripped: Bool
  }

  /// The temporary directory of the compiled programs; a static value is never released, so it is removed at exit.
  private static let directory: Mutex<TemporaryDirectory?> = {
    atexit { VictimProgram.directory.withLock { $0 = nil } }
    return Mutex(nil)
  }()
  private static let made = Mutex<[Key: VictimProgram]>([:])

  /// Compiles a source of `Tests/Victims`, or takes what an earlier test compiled in the same way.
  ///
  /// `source`: the file's name in `Tests/Victims`, or an absolute path.
  /// `compiler`: `gcc` or `clang`.
  /// `flags`: all flags but the source and the output.
  /// `stripped`: whether the symbol table is removed.
  package static func compile(
    _ source: String, compiler: String = "gcc", flags: [String] = ["-O2", "-g", "-pthread"], stripped: Bool = false
  ) throws -> VictimProgram {
    try made.withLock { made in
      let key = Key(source: source, compiler: compiler, flags: flags, stripped: stripped)
      if let program = made[key] { return program }
      let directory = try directory.withLock { directory in
        if let directory { return directory }
        let new = try TemporaryDirectory()
        directory = new
        return new
      }
      let file = source.hasPrefix("/") ? source : sources + "/" + source
      let name = file.split(separator: "/").last.map(String.init) ?? "victim"
      let path = directory.file("\(made.count)-\(name.split(separator: ".").first ?? "victim")")
      // A victim without a build-id could not be patched: some builds of gcc leave it out unless told.
      _ = try Command.output([compiler, "-Wl,--build-id=sha1", "-o", path, file] + flags)
      if stripped { _ = try Command.output(["strip", path]) }
      let program = VictimProgram(path: path)
      made[key] = program
      return program
    }
  }

  /// Its build-id in lower-case hexadecimal digits, as readelf sees it.
  package func buildID() throws -> String {
    let notes = try Command.output(["readelf", "-n", path])
    guard let line = notes.split(separator: "\n").first(where: { $0.contains("Build ID:") }),
      let id = line.split(separator: " ").last
    else { throw VictimTrouble("\(path) has no build-id:\n\(notes)") }
    return String(id)
  }

  /// A copy under another path, with the permission to execute it.
  package func copy(to path: String) throws -> VictimProgram {
    _ = try Command.output(["cp", self.path, path])
    return VictimProgram(path: path)
  }
}

extension String {
  /// The place in front of the slash that the last `count` components of a path follow.
  fileprivate func range(ofLastComponents count: Int) -> Index {
    var place = endIndex
    for _ in 0..<count { place = self[..<place].lastIndex(of: "/") ?? startIndex }
    return place
  }
}
