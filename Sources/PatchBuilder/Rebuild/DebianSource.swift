internal import Patch

/// A source package of Debian: which one, and how it comes here.
struct DebianSource: Sendable {
  private let name: String
  private let version: String
  /// The path of its `.dsc`; nil where the archive has it.
  private let file: String?

  /// How people call it.
  var title: String { file ?? "\(name) \(version)" }
  /// What it is kept under: a version of a package never changes.
  let key: String

  /// Finds out which version a binary was built from.
  ///
  /// `binary`: its path, asked for the package that owns it where the request names no version.
  static func find(_ request: ProjectBuildRequest.Debian, for binary: String) async throws(BuildRefused) -> DebianSource
  {
    if let file = request.file {
      let digest = SHA256Digest(of: try WholeFile.read(file))
      return DebianSource(
        name: request.name, version: "", file: WholeFile.absolute(file), key: "\(digest)".prefix(32).description)
    }
    let version: String
    if let given = request.version { version = given } else { version = try await installed(request.name, binary) }
    let allowed = { (text: String) in
      text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.:~".contains($0)) }
    }
    guard !request.name.isEmpty, allowed(request.name), allowed(version), !request.name.hasPrefix("-") else {
      throw BuildRefused(.sourceUnknown("that is no name and version of a source package"), symbol: request.name)
    }
    return DebianSource(
      name: request.name, version: version, file: nil, key: "\(request.name)_\(version)".replacing(":", with: "%3a"))
  }

  /// The version of the source package of the installed package that owns a file.
  private static func installed(_ name: String, _ binary: String) async throws(BuildRefused) -> String {
    let script = """
      for file in "$1" "$2" "${2#/usr}"; do
        owner=$(dpkg-query -S "$file" 2>/dev/null | grep -v '^diversion ' | sed 's/: .*//;s/, .*//;q')
        test -z "$owner" || { dpkg-query -W -f '${source:Package} ${source:Version}' "$owner"; exit; }
      done
      """
    let words = try await BuildTool.run("sh", ["-c", script, "dpkg-query", binary, WholeFile.absolute(binary)])
      .output.split(separator: " ")
    guard words.count == 2 else {
      throw BuildRefused(.sourceUnknown("no installed package owns \(binary)"), symbol: name)
    }
    guard words[0] == name else {
      throw BuildRefused(.sourceUnknown("\(binary) is built from the source package \(words[0])"), symbol: name)
    }
    return String(words[1])
  }

  /// Fetches and unpacks it: the `.dsc` and its archives, and the source as `source`.
  ///
  /// With the machine's archives, and package lists of our own: its own may have no sources, and are not ours to renew.
  func fetch(into folder: String) async throws(BuildRefused) {
    let script = """
      set -e
      apt=$1/apt; mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/archives/partial"
      for file in /etc/apt/sources.list.d/*.sources; do
        test ! -f "$file" || sed 's/^Types:.*/Types: deb-src/' "$file" >"$apt/sources/${file##*/}"
      done
      for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        test ! -f "$file" || sed -n 's/^deb \\(.*\\)/deb-src \\1/p' "$file" >"$apt/sources/${file##*/}"
      done
      get() {
        apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources" \\
          -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt" -o APT::Sandbox::User= "$@"
      }
      get update >&2
      cd "$1" && get source --download-only "$2" >&2
      rm -r "$apt"
      """
    if let file {
      // The description and the files beside it that it names.
      let script = """
        set -e
        cp -- "$1" "$2"; cd "$(dirname "$1")"
        awk '/^[^ ]/ { inside = /^Files:/ } inside && NF == 3 && $3 !~ "/" { print $3 }' "$1" | xargs -r cp -t "$2" --
        """
      _ = try await BuildTool.run("sh", ["-c", script, "cp", file, folder])
    } else {
      do throws(BuildRefused) {
        _ = try await BuildTool.run("sh", ["-c", script, "apt-get", folder, "\(name)=\(version)"])
      } catch {
        guard case .toolFailed(_, let output)? = error.refusals.first?.reason else { throw error }
        throw BuildRefused(.sourceUnknown("version \(version) is not to be had:\n\(output)"), symbol: name)
      }
    }
    _ = try await BuildTool.run(
      "dpkg-source", ["--extract", try DebianSource.description(in: folder), "\(folder)/source"])
  }

  /// The path of the `.dsc` in a folder.
  static func description(in folder: String) throws(BuildRefused) -> String {
    guard let name = Folder.names(in: folder).first(where: { $0.hasSuffix(".dsc") }) else {
      throw BuildRefused(.unreadable(errno: 2), at: folder)
    }
    return "\(folder)/\(name)"
  }

  /// A key for the build dependencies that a `.dsc` names.
  static func dependencies(_ description: String) async throws(BuildRefused) -> String {
    let text = String(decoding: try WholeFile.read(description), as: UTF8.self)
    let fields = text.split(separator: "\n").filter { $0.hasPrefix("Build-") }.joined(separator: "\n")
    return "\(SHA256Digest(of: Array(fields.utf8)))".prefix(32).description
  }

  /// Refuses to build on the machine itself where something is missing.
  func checkDependencies(_ source: String) async throws(BuildRefused) {
    do throws(BuildRefused) {
      _ = try await BuildTool.run("sh", ["-c", "cd \"$1\" && dpkg-checkbuilddeps", "dpkg-checkbuilddeps", source])
    } catch {
      guard case .toolFailed(_, let output)? = error.refusals.first?.reason else { throw error }
      throw BuildRefused(.dependenciesMissing(output), at: title)
    }
  }
}
